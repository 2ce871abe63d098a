import type { BootOrigin } from "../../worker/interface.ts";
import { formatDuration } from "../format.ts";

/** How this boot began, in words; empty as long as nobody knows. */
export function originText(origin: BootOrigin | undefined, nowMs = Date.now()): string {
  if (origin === undefined) return "";
  if (origin.kind === "cold") return "A cold boot, from the firmware on";
  const time = new Date(origin.savedAtMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const ago = Math.max(0, nowMs - origin.savedAtMs);
  return `Goes on from a checkpoint of ${time}, ${ageText(ago)} ago`;
}

function ageText(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  if (hours >= 2) return `${hours} hours`;
  return ms < 120_000 ? formatDuration(ms) : `${Math.round(ms / 60_000)} minutes`;
}
