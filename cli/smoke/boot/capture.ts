import { serializeCaptureHeader, serializeCapturePacket } from "../../../net/pcapng/write.ts";

/** Of the file. Policy: drop-newest, so that how the boot began is there, and say so in the file. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The frames of a boot as a pcapng file. */
export class Capture {
  readonly #maxBytes: number;
  readonly #blocks: Uint8Array[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param epochMs when it passed, in milliseconds since 1970 */
  add(frame: Uint8Array, epochMs: number, fromGuest: boolean): void {
    const block = serializeCapturePacket({ epochMs, direction: fromGuest ? "out" : "in", bytes: frame });
    if (this.#bytes + block.length > this.#maxBytes) {
      this.#dropped += 1;
      return;
    }
    this.#bytes += block.length;
    this.#blocks.push(block);
  }

  get file(): Uint8Array {
    const comment =
      this.#dropped === 0 ? {} : { comment: `${this.#dropped} frames behind these had no room` };
    const header = serializeCaptureHeader({
      application: "netroot smoke",
      interfaceName: "the guest's card",
      ...comment,
    });
    return Buffer.concat([header, ...this.#blocks]);
  }
}
