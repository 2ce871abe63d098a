import type { RelayState } from "./status-watch.ts";

/** What a person should know before powering on, a sentence each. What is wrong with the menu stands at the boot entry. */
export function noticesOf(relay: RelayState): readonly string[] {
  if (relay.kind !== "reachable") return [];
  const { notices, exports } = relay.status;
  const said = notices.filter(({ code }) => !code.startsWith("menu-")).map(({ message }) => message);
  for (const { name, notice, state, detail } of exports) {
    if (state === "failed") said.push(`The export ${name} cannot be read: ${detail}`);
    else if (notice !== undefined) said.push(notice);
  }
  return [...new Set(said)];
}
