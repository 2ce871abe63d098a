import type { FieldName } from "./catalogue/catalogue.ts";
import type { FrameContext } from "./conversations/context.ts";
import type { Field, Summary } from "./field.ts";
import type { Section } from "./section.ts";

/** A frame while it is read, from the outside to the inside: each protocol adds itself and makes the summary its own. */
export class Layers {
  readonly frame: Uint8Array;
  readonly context: FrameContext;
  readonly fields: Field[] = [];
  summary: Summary = { protocol: "Frame", source: "", destination: "", info: "" };

  constructor(frame: Uint8Array, context: FrameContext) {
    this.frame = frame;
    this.context = context;
  }

  /** Adds a protocol with the fields that were made of its section. */
  protocol(name: FieldName, section: Section, label: string, length = section.length): void {
    const fields = section.fields;
    const [start, end] = [section.place(0), section.place(length)];
    this.fields.push({ name, label, value: undefined, text: "", start, end, children: fields });
  }

  say(summary: Partial<Summary>): void {
    this.summary = { ...this.summary, ...summary };
  }
}
