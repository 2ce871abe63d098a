import type { Globals } from "./builder.ts";
import type { PxelinuxConfig, PxelinuxMenu, Unattended } from "./config.ts";
import { isMenuProgram, isThisMenu } from "./image-kind.ts";
import { splitWord } from "./line.ts";

const WAIT: Unattended = { kind: "wait" };
type Config = Pick<PxelinuxConfig, "entries" | "menus" | "startMenu" | "totalTimeoutMs" | "onTimeout">;

/**
 * What PXELINUX does when nobody touches a key. UI goes before everything. Without it, and without PROMPT 1, DEFAULT is run at
 * once, whatever TIMEOUT says. At the prompt it is TIMEOUT that runs ONTIMEOUT or DEFAULT, in a menu the menu's own.
 */
export function unattended(config: Config, globals: Globals): Unattended {
  const first = globals.ui ?? globals.default;
  if (globals.ui === undefined && (globals.prompt || first === undefined)) {
    const afterMs = earliest(globals.promptTimeoutMs, config.totalTimeoutMs);
    const command = config.onTimeout ?? first?.argument;
    return afterMs === undefined || command === undefined ? WAIT : run(config, globals, command, afterMs);
  }
  return run(config, globals, first!.argument, 0);
}

function run(config: Config, globals: Globals, command: string, afterMs: number): Unattended {
  const { word, rest } = splitWord(command);
  const entry = config.entries.find(({ label }) => label === word);
  if (entry === undefined ? isMenuProgram(word) && rest === "" : isThisMenu(entry.action))
    return inMenu(config, globals, afterMs);
  return boot(config, globals, command, afterMs);
}

function boot({ entries }: Config, { default: line }: Globals, command: string, afterMs: number): Unattended {
  const { word, rest } = splitWord(command);
  const entry = entries.find(({ label }) => label === word);
  if (entry === undefined) return { kind: "boot", command, more: rest, afterMs };
  // An entry that DEFAULT itself makes has the words behind it already.
  const isImplicit = entry.file === line?.file && entry.line === line.number;
  return { kind: "boot", command, label: entry.label, more: isImplicit ? "" : rest, afterMs };
}

function inMenu(config: Config, globals: Globals, beforeMs: number): Unattended {
  const menu = config.menus[config.startMenu]!;
  if (globals.menuShiftKey) return choice(config, menu, beforeMs);
  const selected = menu.items[menu.defaultItem];
  // The bar is moved off a line that cannot be selected, and a bar that moves stops the clock.
  const standsStill = selected?.kind === "entry" || selected?.kind === "submenu";
  const afterMs = earliest(standsStill ? menu.timeoutMs : undefined, config.totalTimeoutMs);
  if (afterMs === undefined) return WAIT;
  return menu.onTimeout === undefined
    ? choice(config, menu, beforeMs + afterMs)
    : boot(config, globals, menu.onTimeout, beforeMs + afterMs);
}

/** The default of a menu, when it is something that can be run. */
function choice({ entries }: Config, { items, defaultItem }: PxelinuxMenu, afterMs: number): Unattended {
  const item = items[defaultItem];
  if (item?.kind !== "entry") return WAIT;
  const { label, action } = entries[item.entry]!;
  if (action.kind === "goto" || action.kind === "quit" || action.kind === "help") return WAIT;
  return { kind: "boot", command: label, label, more: "", afterMs };
}

/** Undefined is never. */
function earliest(...timesMs: readonly (number | undefined)[]): number | undefined {
  const known = timesMs.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
