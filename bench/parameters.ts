import type { Boot } from "./boots.ts";

/** The parameters of the page's address for a boot. What its query says counts, and of that what it says last. */
export function bootParameters(
  { memoryMiB, query }: Pick<Boot, "memoryMiB" | "query">,
  checkpoint: "off" | "auto",
): URLSearchParams {
  return new URLSearchParams({
    autostart: "1",
    memory: String(memoryMiB),
    checkpoint,
    ...Object.fromEntries(new URLSearchParams(query)),
  });
}
