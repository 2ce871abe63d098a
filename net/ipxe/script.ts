// pxelinux.cfg as an iPXE script (ipxe.org/scripting, ipxe.org/cmd): iPXE loads a kernel ten times as fast as PXELINUX does.
import type { PxelinuxConfig, PxelinuxEntry, Unattended } from "../pxelinux/config.ts";
import { treePath } from "../pxelinux/path.ts";
import { type EntryContext, entryCommands, entryLabel, FAILED, menuLabel } from "./entry.ts";
import { type MenuDefault, menuCommands } from "./menu.ts";
import { ipxeComment, ipxeText, ipxeUri, ipxeWords, setting } from "./words.ts";

/** The script for the asking machine. Behind a slash may stand paths of config files, with commas between. */
export const IPXE_SCRIPT = "netroot.ipxe";

export interface IpxeScriptOptions {
  /** What it is made from, for people: `pxelinux.cfg/default`. */
  readonly source: string;
  /** Machines share the segment: a static `ip=` becomes `ip=dhcp`. */
  readonly sharedSegment?: boolean;
  /** Files that are no kernels, by their paths in the tree, with a clause each that says so. iPXE would run them as programs. */
  readonly unfit?: ReadonlyMap<string, string>;
}

/** How long a key may ask for the menu of a file that starts its default without asking. PXELINUX looks at Shift instead. */
const KEY_MS = 1000;
const UNATTENDED = "unattended";
const NO_DEFAULT = "";

/**
 * Makes a script that offers what the config offers. Its titles, its order, its default, its time-outs; a file that boots
 * without asking does so here too, after a second in which any key brings up the menu. What iPXE cannot do is a comment with its
 * file and line, and an entry that cannot be started says why when it is chosen. File names are relative to the server
 * that the script came from, by HTTP or by TFTP.
 */
export function ipxeScript(config: PxelinuxConfig, options: IpxeScriptOptions): string {
  const { source, sharedSegment = false, unfit = new Map() } = options;
  const context: EntryContext = { config, sharedSegment, unfit, scriptOf };
  return [
    "#!ipxe",
    ipxeComment(`Made from ${source} by netroot, each time it is asked for: change that file, not this one.`),
    ...reports(config),
    ...config.say.map((text) => `echo -- ${ipxeText(text)}`),
    ...(config.entries.length === 0 ? nothing(source) : whole(context)),
    "",
  ].join("\n");
}

function whole(context: EntryContext): string[] {
  const { config } = context;
  const { entries, menus, unattended } = config;
  const start = startOf(config);
  const alone =
    entries.length === 1 && menus.length === 1 && start.afterMs === 0 && unattended.kind === "boot";
  return [
    ...(start.lines ?? []),
    ...(alone
      ? [":menu-0", "set again menu-0", `goto ${start.label}`]
      : [
          ...askFirst(config, start),
          ...menus.flatMap((_, index) => menuCommands(config, index, defaultOf(config, index, start))),
          ...promptCommands(config),
        ]),
    ...(start.label === UNATTENDED ? [`:${UNATTENDED}`, ...unattendedCommands(context, start.entry)] : []),
    ...entries.flatMap((entry, index) => [`:${entryLabel(index)}`, ...entryCommands(entry, context)]),
    ...failure(),
  ];
}

interface Start extends MenuDefault {
  /** Of the config; undefined where nothing is started by itself. */
  readonly entry: PxelinuxEntry | undefined;
  readonly lines?: readonly string[];
}

/** What is started when nobody touches a key. */
function startOf(config: PxelinuxConfig): Start {
  const { unattended, entries } = config;
  const waits = { label: NO_DEFAULT, title: "", afterMs: 0, entry: undefined };
  if (unattended.kind === "wait") return { ...waits, label: selectedLabel(config) };
  const { label, more, command, afterMs } = unattended;
  const index = entries.findIndex((entry) => entry.label === label);
  const entry = index < 0 ? fileEntry(config, unattended) : entries[index];
  if (entry === undefined) {
    const why = `The file starts ${command} by itself, which iPXE cannot.`;
    return { ...waits, label: selectedLabel(config), lines: [ipxeComment(why)] };
  }
  const plain = index >= 0 && more === "";
  return { label: plain ? entryLabel(index) : UNATTENDED, title: command, afterMs, entry };
}

/** An entry for a command line whose first word is a kernel's file name. The global APPEND is not for it. */
function fileEntry(
  { implicit, entries }: PxelinuxConfig,
  { command }: Extract<Unattended, { kind: "boot" }>,
): PxelinuxEntry | undefined {
  const [kernel = ""] = command.split(/\s/, 1);
  if (!implicit || !treePath(kernel).ok || /\.(c32|cbt|com|img|bss|bin|bs|0)$/.test(kernel)) return undefined;
  return {
    label: kernel,
    title: kernel,
    indent: 0,
    hidden: true,
    action: { kind: "linux", file: kernel },
    kernel,
    initrds: [],
    append: "",
    sysAppend: 0,
    helpText: "",
    prefix: entries[0]?.prefix ?? "",
    file: "the command line",
    line: 1,
  };
}

function unattendedCommands(context: EntryContext, entry: PxelinuxEntry | undefined): string[] {
  const { unattended } = context.config;
  return entry === undefined || unattended.kind === "wait"
    ? []
    : entryCommands(entry, context, unattended.more);
}

/** The line that the first menu opens on. */
function selectedLabel(config: PxelinuxConfig): string {
  return ownDefault(config, config.startMenu);
}

function ownDefault({ menus, entries }: PxelinuxConfig, index: number): string {
  const { items, defaultItem } = menus[index]!;
  const chosen = [...items.slice(defaultItem), ...items].find(
    ({ kind }) => kind === "entry" || kind === "submenu",
  );
  if (chosen?.kind === "entry" && entries[chosen.entry] !== undefined) return entryLabel(chosen.entry);
  return chosen?.kind === "submenu" ? menuLabel(chosen.menu) : NO_DEFAULT;
}

function defaultOf(config: PxelinuxConfig, index: number, start: Start): MenuDefault {
  if (index === config.startMenu) return { ...start, afterMs: asksFirst(config) ? 0 : start.afterMs };
  return { label: ownDefault(config, index), title: "", afterMs: config.menus[index]!.timeoutMs ?? 0 };
}

/** A menu that shows up only for whoever asks: because the file boots at once, or because it says MENU HIDDEN. */
function asksFirst({ unattended, menuHidden }: PxelinuxConfig): boolean {
  return unattended.kind === "boot" && (unattended.afterMs === 0 || menuHidden);
}

function askFirst(config: PxelinuxConfig, start: Start): string[] {
  const menu = menuLabel(config.startMenu);
  if (start.entry === undefined || !asksFirst(config)) return [`goto ${menu}`];
  const ms = start.afterMs || KEY_MS;
  const seconds = Math.round(ms / 100) / 10;
  return [
    // A failure of what starts by itself ends in the menu.
    `set again ${menu}-again`,
    "set wait 0",
    `prompt --timeout ${ms} Press any key for the boot menu (${seconds} s) ... && goto ${menu} || goto ${start.label}`,
  ];
}

/** The `boot:` prompt: where MENU HIDE's entries are started, and where Esc in the first menu leads. */
function promptCommands({ entries, startMenu }: PxelinuxConfig): string[] {
  const menu = `${menuLabel(startMenu)}-again`;
  return [
    ":prompt",
    "set wait 0",
    `set again ${menu}`,
    "echo The name of an entry; nothing for the menu.",
    "clear name ||",
    "echo -n boot:",
    `read name || goto ${menu}`,
    `isset -- ${setting("name")} || goto ${menu}`,
    ...entries.flatMap(({ label }, index) => {
      const word = ipxeWords(label);
      return word === undefined ? [] : [`iseq -- ${setting("name")} ${word} && goto ${entryLabel(index)} ||`];
    }),
    `echo There is no entry ${setting("name")}.`,
    "goto prompt",
  ];
}

function failure(): string[] {
  return [
    ":guarded",
    "set entry of this menu",
    "set part MENU PASSWD guards it, which iPXE cannot ask for: use pxelinux",
    `:${FAILED}`,
    "echo",
    `echo netroot: the entry ${setting("entry")} cannot be started.`,
    `echo netroot: ${setting("part")}.`,
    "set wait 0",
    "prompt Press any key to go on ... ||",
    `goto ${setting("again")}`,
  ];
}

function nothing(source: string): string[] {
  return [
    `echo netroot: ${ipxeText(source)} has no LABEL: there is nothing to choose from.`,
    "prompt --timeout 10000 Press any key to go on ... ||",
    "exit 1",
  ];
}

/** All that has no effect here, so that nothing is dropped in silence. */
function reports({ reports }: PxelinuxConfig): string[] {
  return reports.map(({ file, line, text, why }) => ipxeComment(`${file}, line ${line}: ${text} – ${why}`));
}

function scriptOf(files: readonly string[]): string {
  const named = files.filter((file) => file !== "~");
  return named.length < files.length || named.length === 0
    ? `/${IPXE_SCRIPT}`
    : `/${IPXE_SCRIPT}${named.map(ipxeUri).join(",")}`;
}
