import type { ByteStream, ByteStreamHandler } from "../../stream/stream.ts";
import { ByteQueue } from "../byte-queue.ts";

/** A stream without a network: it keeps what was written, and does what it is told. */
export class RecordedStream implements ByteStream {
  readonly written = new ByteQueue();
  paused = false;
  state: "open" | "ended" | "aborted" = "open";
  /** Whether its queue is over the high-water mark. */
  full = false;
  /** Told of each write, to pass it on. */
  onWrite: (bytes: Uint8Array) => void = () => {};

  write(...pieces: readonly Uint8Array[]): boolean {
    if (this.state !== "open") return false;
    for (const bytes of pieces) {
      this.written.push(bytes);
      this.onWrite(bytes);
    }
    return !this.full;
  }
  end(): void {
    if (this.state === "open") this.state = "ended";
  }
  abort(): void {
    this.state = "aborted";
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }

  /** Everything that was written and not taken yet. */
  takeAll(): Uint8Array {
    return this.written.take(this.written.length)!.slice();
  }
}

/** Hands the bytes over in pieces of these sizes, in turn. */
export function feed(
  handler: Pick<ByteStreamHandler, "data">,
  bytes: Uint8Array,
  sizes: readonly number[],
): void {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    handler.data(bytes.slice(at, at + size));
    at += size;
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Lets everything happen that was promised. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
