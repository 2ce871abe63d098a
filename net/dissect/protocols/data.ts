import type { Layers } from "../layers.ts";
import { Section } from "../section.ts";

/** What no protocol here reads. Nothing where there is none. */
export function dissectData(layers: Layers, start: number, end: number): void {
  if (end <= start) return;
  const section = Section.of(layers.frame, start, end);
  section.octets("data.data", 0);
  section.note("data.len", section.length, String(section.length));
  layers.protocol("data", section, `Data, ${section.length} bytes`);
}
