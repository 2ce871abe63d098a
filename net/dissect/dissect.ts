import type { FrameContext } from "./conversations/context.ts";
import type { Dissection } from "./field.ts";
import { Layers } from "./layers.ts";
import { dissectEthernet } from "./protocols/ethernet.ts";
import { Section } from "./section.ts";

/**
 * Reads a frame. `context` is what `Conversations.observe` said of it. What is malformed is a field that says so
 * (`_ws.malformed`); nothing throws. Octets among the values are views of `frame`.
 */
export function dissect(frame: Uint8Array, context: FrameContext): Dissection {
  const layers = new Layers(frame, context);
  addFrame(layers);
  dissectEthernet(layers);
  return { summary: layers.summary, fields: layers.fields };
}

function addFrame(layers: Layers): void {
  const { frame, context } = layers;
  const { number, timeMs, direction } = context;
  const section = Section.of(frame, 0, frame.length);
  const seconds = timeMs / 1000;
  const fromGuest = direction === "out";
  section.note("frame.number", number, String(number));
  section.note("frame.time_relative", seconds, `${seconds.toFixed(6)} s`);
  section.note("frame.len", frame.length, `${frame.length} bytes`);
  section.note(
    "frame.packet_flags_direction",
    fromGuest ? 2 : 1,
    fromGuest ? "from the guest" : "to the guest",
  );
  layers.protocol("frame", section, `Frame ${number}, ${frame.length} bytes`);
}
