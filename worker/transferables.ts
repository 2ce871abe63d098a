import type { MachineEvent } from "./interface.ts";

/** The buffers in events that go to the page: handed over, not copied. Their sender made them for this and forgets them. */
export function transferables(events: readonly MachineEvent[]): ArrayBuffer[] {
  const buffers: ArrayBufferLike[] = [];
  for (const event of events) {
    if (event.type === "serial") {
      buffers.push(event.bytes.buffer);
    } else if (event.type === "screen-pixels") {
      buffers.push(event.pixels.buffer);
    } else if (event.type === "screen-rows") {
      for (const row of event.rows) {
        buffers.push(row.characters.buffer, row.foreground.buffer, row.background.buffer);
      }
    }
  }
  return buffers as ArrayBuffer[];
}
