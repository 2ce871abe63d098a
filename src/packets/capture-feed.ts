import type { PacketBatch, PacketPosition } from "../../worker/interface.ts";

/** Frames of the machine's card behind a position; `undefined` while there is no machine. */
export type ReadPackets = (
  position: PacketPosition | undefined,
  maxBytes: number,
) => Promise<PacketBatch | undefined>;

/** The pause between two looks at the machine. */
const LOOK_EVERY_MS = 250;
/** Read at once: some hundred frames, so that the page stays quick. */
const BATCH_BYTES = 256 * 1024;

/** Brings the machine's frames to whoever shows them, while it is open: one batch after another, each when the last is done. */
export class CaptureFeed {
  readonly #read: ReadPackets;
  readonly #take: (batch: PacketBatch) => Promise<void> | void;
  #position: PacketPosition | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #open = false;
  #reading = false;
  /** Nothing is asked for; what the machine keeps meanwhile comes later, as far as it is kept. */
  held = false;

  constructor(read: ReadPackets, take: (batch: PacketBatch) => Promise<void> | void) {
    this.#read = read;
    this.#take = take;
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    void this.#look();
  }

  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#reading) {
      this.#reading = true;
      while (this.#open && !this.held && (await this.#next()));
      this.#reading = false;
    }
    if (this.#open) this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** Returns whether there is more. */
  async #next(): Promise<boolean> {
    const batch = await this.#read(this.#position, BATCH_BYTES);
    // What comes after the reader said "hold" is asked for again.
    if (batch === undefined || this.held || !this.#open) return false;
    this.#position = { capture: batch.capture, after: batch.after };
    await this.#take(batch);
    return batch.more;
  }
}
