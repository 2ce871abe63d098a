import { asksForRoot } from "./root-request.ts";

/** Policy: drop-newest. A guest that is about to stand still sends a handful. */
const MOST_HELD = 256;

/**
 * Stands between the guest's card and the wire. It lets everything pass until the guest asks for its root: that frame, and what
 * the guest sends before the machine stands still, is held back until `release`.
 */
export class RootRequestHold {
  readonly #pass: (frame: Uint8Array) => void;
  #asked: (() => void) | undefined;
  #holding = false;
  #held: Uint8Array[] = [];
  /** Frames that found the hold full. The guest sends them again, as it does what a wire loses. */
  dropped = 0;

  constructor(pass: (frame: Uint8Array) => void) {
    this.#pass = pass;
  }

  get held(): readonly Uint8Array[] {
    return this.#held;
  }

  /** Holds from the guest's request on. `asked` is called then, from within guest time. */
  watch(asked: () => void): void {
    this.#asked = asked;
  }

  /** Holds from now on, with what a checkpoint held. */
  hold(frames: readonly Uint8Array[]): void {
    this.#holding = true;
    this.#held = [...frames];
  }

  fromGuest(frame: Uint8Array): void {
    if (this.#asked !== undefined && asksForRoot(frame)) {
      const asked = this.#asked;
      this.#asked = undefined;
      this.hold([frame]);
      asked();
    } else if (!this.#holding) {
      this.#pass(frame);
    } else if (this.#held.length < MOST_HELD) {
      this.#held.push(frame);
    } else {
      this.dropped += 1;
    }
  }

  /** What was held goes on its way, and nothing is held any more. */
  release(): void {
    this.#holding = false;
    const held = this.#held;
    this.#held = [];
    for (const frame of held) this.#pass(frame);
  }
}
