/**
 * The WebSocket subprotocol `netroot-batch.v1`: a binary message is `[u16be length][frame]` repeated, with no header and no
 * end mark. Without the subprotocol a message is one raw frame, which is what other relays and emulators speak.
 */
export const BATCH_SUBPROTOCOL = "netroot-batch.v1";

/**
 * The same, to a client that takes frames above its segment's MTU as well, up to `MAX_LARGE_FRAME_BYTES`: large segments of TCP,
 * which it cuts (`tcp/large-segment.ts`), and others which it drops and counts. What it sends itself is as in `netroot-batch.v1`. A
 * client offers both; one that resumes its session with the first only gets all frames cut from then on.
 */
export const LARGE_BATCH_SUBPROTOCOL = "netroot-batch.v2";

/** A writer starts a new message before this size is passed: larger ones gain nothing and cost latency. */
export const MAX_BATCH_BYTES = 48 * 1024;
/** From this many bytes on, a message that needs no copy is worth more than a larger one. */
const WORTH_A_MESSAGE_BYTES = 8 * 1024;
/** The largest frame that a batch has room for. */
export const MAX_LARGE_FRAME_BYTES = MAX_BATCH_BYTES - 2;
/** A frame is at least its Ethernet header. */
export const MIN_FRAME_BYTES = 14;
/** The largest MTU whose frames a u16 length can describe. */
export const MAX_MTU = 0xffff - MIN_FRAME_BYTES;

const LENGTH_BYTES = 2;

/** The largest message that a well-behaved peer sends: one that is full, or one with a single frame that fills it alone. */
export function maxMessageBytes(mtu: number): number {
  return Math.max(MAX_BATCH_BYTES, LENGTH_BYTES + maxFrameBytes(mtu));
}

/** The largest frame on a segment of this MTU, in bytes, without FCS. */
export function maxFrameBytes(mtu: number): number {
  return mtu + MIN_FRAME_BYTES;
}

/** Whether a frame of this many bytes may travel on a segment of this MTU. */
export function isFrameLength(length: number, mtu: number): boolean {
  return length >= MIN_FRAME_BYTES && length <= maxFrameBytes(mtu);
}

export type BatchResult =
  | {
      readonly ok: true;
      /** Borrowed views of the message, in order. */
      readonly frames: readonly Uint8Array[];
      /** How many frames were left out because of their length. */
      readonly rejected: number;
    }
  /** The lengths do not add up, so that no boundary in the message can be trusted. */
  | { readonly ok: false; readonly reason: "empty" | "truncated-length" | "truncated-frame" };

/** Takes a message apart. Frames shorter than 14 octets or longer than `largest` are left out and counted. */
export function parseBatch(
  message: Uint8Array,
  mtu: number,
  largest: number = maxFrameBytes(mtu),
): BatchResult {
  if (message.length === 0) return { ok: false, reason: "empty" };
  const frames: Uint8Array[] = [];
  let rejected = 0;
  let offset = 0;
  while (offset < message.length) {
    if (offset + LENGTH_BYTES > message.length) return { ok: false, reason: "truncated-length" };
    const length = (message[offset]! << 8) | message[offset + 1]!;
    offset += LENGTH_BYTES;
    if (offset + length > message.length) return { ok: false, reason: "truncated-frame" };
    if (length >= MIN_FRAME_BYTES && length <= largest)
      frames.push(message.subarray(offset, offset + length));
    else rejected += 1;
    offset += length;
  }
  return { ok: true, frames, rejected };
}

/**
 * Puts all `frames` into one message, however large: a new one, or a view of the buffer in which they lie as one already
 * (`frame-slab.ts`). Throws a `RangeError` on a frame over 65535 bytes.
 */
export function serializeBatch(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return inPlace(frames) ?? copied(frames);
}

/** Whether a frame lies right behind another one, with room for its length in between. */
function follows(frame: Uint8Array, last: Uint8Array): boolean {
  return frame.buffer === last.buffer && frame.byteOffset === last.byteOffset + last.length + LENGTH_BYTES;
}

/** The message that the frames are where they lie; `undefined` where they are none. */
function inPlace(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> | undefined {
  const first = frames[0];
  if (first === undefined || first.byteOffset < LENGTH_BYTES) return undefined;
  const { buffer } = first;
  if (!(buffer instanceof ArrayBuffer)) return undefined;
  const start = first.byteOffset - LENGTH_BYTES;
  let end = start;
  for (const frame of frames) {
    if (frame.buffer !== buffer || frame.byteOffset !== end + LENGTH_BYTES) return undefined;
    end += LENGTH_BYTES + frame.length;
  }
  const message = new Uint8Array(buffer, start, end - start);
  for (const { byteOffset, length } of frames) {
    const at = byteOffset - LENGTH_BYTES - start;
    if (message[at] !== length >>> 8 || message[at + 1] !== (length & 0xff)) return undefined;
  }
  return message;
}

function copied(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const frame of frames) {
    if (frame.length > 0xffff) throw new RangeError(`a frame of ${frame.length} bytes has no u16 length`);
    size += LENGTH_BYTES + frame.length;
  }
  const message = new Uint8Array(size);
  let offset = 0;
  for (const frame of frames) {
    message[offset] = frame.length >>> 8;
    message[offset + 1] = frame.length & 0xff;
    message.set(frame, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + frame.length;
  }
  return message;
}

/** Sends a message, which may be a view of the memory in which its frames lie: until it has left, they must stay as they are. */
export type SendBatch = (message: Uint8Array<ArrayBuffer>, frames: readonly Uint8Array[]) => void;

/**
 * Gathers frames into messages of at most `MAX_BATCH_BYTES` (a larger frame goes alone). It sets no timer: its owner calls
 * `flush` at the end of a tick. Full messages go out at once, so that no more than one message is ever held back.
 */
export class BatchWriter {
  readonly #send: SendBatch;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(send: SendBatch) {
    this.#send = send;
  }

  /** What the message under way would measure, in bytes; 0 when there is nothing to flush. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  add(frame: Uint8Array): void {
    const bytes = LENGTH_BYTES + frame.length;
    const last = this.#frames.at(-1);
    if (last !== undefined) {
      const isFull = this.#bytes + bytes > MAX_BATCH_BYTES;
      if (isFull || (this.#bytes >= WORTH_A_MESSAGE_BYTES && !follows(frame, last))) this.flush();
    }
    this.#frames.push(frame);
    this.#bytes += bytes;
    if (this.#bytes >= MAX_BATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const frames = this.#frames;
    this.discard();
    this.#send(serializeBatch(frames), frames);
  }

  /** Forgets what was not sent. */
  discard(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
