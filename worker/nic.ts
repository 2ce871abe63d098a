/** What the adapter needs of an emulated network card. */
export interface Card {
  /** Whether the guest's driver has set the card up. A frame delivered before that can kill the emulator. */
  ready(): boolean;
  /** Whether the card would take a frame of this length now; beyond that it drops in silence. Asked only when ready. */
  hasRoomFor(lengthBytes: number): boolean;
  /** Copies the frame into the guest's memory and raises its interrupt. */
  deliver(frame: Uint8Array): void;
}

export interface NicOptions {
  /** How much may wait for room in the card's ring. */
  readonly maxQueuedBytes?: number;
  /** A frame that the guest sends. It is owned by the receiver. */
  readonly send: (frame: Uint8Array) => void;
}

export interface NicCounters {
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  /** Came while no driver listened. */
  droppedNotReady: number;
  /** Came while the queue was full. */
  droppedQueueFull: number;
}

const DEFAULT_MAX_QUEUED_BYTES = 4 * 1024 * 1024;
/** Delivered frames that may linger at the front of the array before it is moved together. */
const COMPACT_AFTER = 512;

/**
 * Between the wire and the guest's card. Frames to the guest wait in a bounded queue until the ring has room
 * (policy: drop-newest, as a switch does; TCP slows down). A card without a driver hears nothing, as in real life.
 */
export class Nic {
  readonly counters: NicCounters = {
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    droppedNotReady: 0,
    droppedQueueFull: 0,
  };
  readonly #card: Card;
  readonly #send: (frame: Uint8Array) => void;
  readonly #maxQueuedBytes: number;
  #queue: Uint8Array[] = [];
  #head = 0;
  #queuedBytes = 0;

  constructor(card: Card, options: NicOptions) {
    this.#card = card;
    this.#send = options.send;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
  }

  get queuedFrames(): number {
    return this.#queue.length - this.#head;
  }

  /** A frame from the wire. It may be a borrowed view only if nothing overwrites it before `drain` had room for it. */
  fromWire(frame: Uint8Array): void {
    if (!this.#card.ready()) {
      this.counters.droppedNotReady += 1;
      this.#clear();
      return;
    }
    if (this.queuedFrames === 0 && this.#card.hasRoomFor(frame.length)) {
      this.#deliver(frame);
      return;
    }
    if (this.#queuedBytes + frame.length > this.#maxQueuedBytes) {
      this.counters.droppedQueueFull += 1;
      return;
    }
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
  }

  /** A frame in the guest's ring: borrowed, and overwritten as soon as this returns. */
  fromGuest(borrowed: Uint8Array): void {
    this.counters.framesOut += 1;
    this.counters.bytesOut += borrowed.length;
    this.#send(borrowed.slice());
  }

  /** Moves what waits into the ring, as far as there is room. Called between two slices of guest time. */
  drain(): void {
    if (this.queuedFrames === 0) return;
    if (!this.#card.ready()) {
      this.#clear();
      return;
    }
    while (this.#head < this.#queue.length) {
      const frame = this.#queue[this.#head]!;
      if (!this.#card.hasRoomFor(frame.length)) break;
      this.#head += 1;
      this.#queuedBytes -= frame.length;
      this.#deliver(frame);
    }
    if (this.#head === this.#queue.length || this.#head > COMPACT_AFTER) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  #deliver(frame: Uint8Array): void {
    this.counters.framesIn += 1;
    this.counters.bytesIn += frame.length;
    this.#card.deliver(frame);
  }

  #clear(): void {
    this.counters.droppedNotReady += this.queuedFrames;
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
  }
}
