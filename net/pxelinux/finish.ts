import { type ConfigBuilder, TOP } from "./builder.ts";
import type { LineReport, MenuItem, PxelinuxConfig, PxelinuxEntry, PxelinuxMenu } from "./config.ts";
import { slip } from "./draft.ts";
import { bootAction, isMenuProgram, isThisMenu } from "./image-kind.ts";
import { splitWord } from "./line.ts";
import { treePath, unreachable } from "./path.ts";
import { unattended } from "./unattended.ts";

/** Makes a config of what was read: names menus, resolves MENU GOTO and DEFAULT. */
export function finish(builder: ConfigBuilder): PxelinuxConfig {
  reportUnclosed(builder);
  addImplicitEntry(builder);
  const entries = resolveGotos(builder);
  checkFiles(builder);
  const { globals } = builder;
  const ui = globals.ui === undefined ? undefined : splitWord(globals.ui.argument).word;
  const named = resolveDefault(builder, entries);
  const menuProgram = ui ?? (isMenuProgram(named.word) ? named.word : undefined);
  // DEFAULT reaches into the menu only where UI has brought the menu up (menu.txt, DEFAULT).
  const wanted = ui === undefined ? undefined : named.label;
  const at = wanted === undefined ? undefined : builder.entries.find(({ entry }) => entry.label === wanted);
  if (at?.item !== undefined) builder.menus[at.menu]!.defaultItem = at.item;
  const startMenu = at?.item === undefined ? builder.startMenu : at.menu;
  const menus = builder.menus.map((_, index) => finishMenu(builder, index)) as [
    PxelinuxMenu,
    ...PxelinuxMenu[],
  ];
  const top = menus[TOP];
  const base = {
    entries,
    menus,
    startMenu,
    ...(builder.menus[TOP]!.title !== undefined && { title: top.title }),
    ...(menuProgram !== undefined && { ui: menuProgram }),
    ...(top.timeoutMs !== undefined && { timeoutMs: top.timeoutMs }),
    ...(globals.totalTimeoutMs !== undefined && { totalTimeoutMs: globals.totalTimeoutMs }),
    ...(globals.onTimeout !== undefined && { onTimeout: globals.onTimeout }),
    ...(globals.onError !== undefined && { onError: globals.onError }),
    prompt: globals.prompt,
    noEscape: globals.noEscape,
    allowOptions: globals.allowOptions,
    implicit: globals.implicit,
    menuHidden: globals.menuHidden,
    say: globals.say,
    display: globals.display,
    helpFiles: globals.helpFiles,
    reports: inOrder(builder.reports),
  };
  return {
    ...base,
    defaultLabel: named.label ?? firstChoice(menus[startMenu]!, base) ?? entries[0]?.label,
    unattended: unattended(base, globals),
  };
}

function resolveGotos(builder: ConfigBuilder): PxelinuxEntry[] {
  return builder.entries.map(({ entry, action, menu, item }) => {
    if (action.kind !== "goto-tag") return { ...entry, action };
    const target = builder.menus.findIndex(({ tag }) => tag === action.tag);
    if (target >= 0) return { ...entry, action: { kind: "goto", menu: target } };
    builder.report(action.at, slip(`there is no menu ${action.tag === "" ? "without a name" : action.tag}`));
    if (item !== undefined) disable(builder.menus[menu]!.items, item, entry);
    return { ...entry, action: { kind: "quit" } };
  });
}

/** As in PXELINUX, an entry that leads nowhere cannot be chosen. */
function disable(
  items: MenuItem[],
  item: number,
  { title, indent, helpText }: Omit<PxelinuxEntry, "action">,
): void {
  items[item] = { kind: "disabled", title, indent, helpText };
}

function finishMenu(builder: ConfigBuilder, index: number): PxelinuxMenu {
  const draft = builder.menus[index]!;
  const { tag, parent, items, defaultItem, timeoutMs, onTimeout } = draft;
  return {
    tag,
    title: draft.title ?? draft.label ?? (index === TOP ? "" : tag),
    parent,
    items: items.map((item) => (item.kind === "submenu" ? nameSubmenu(builder, item) : item)),
    defaultItem,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(onTimeout !== undefined && { onTimeout }),
  };
}

/** Of MENU LABEL and MENU TITLE each stands in for the other; the tag stands in for both. */
function nameSubmenu(builder: ConfigBuilder, item: Extract<MenuItem, { kind: "submenu" }>): MenuItem {
  const { label, title, tag, hotkey, password } = builder.menus[item.menu]!;
  return {
    ...item,
    title: label ?? title ?? tag,
    ...(hotkey !== undefined && { hotkey }),
    ...(password !== undefined && { password }),
  };
}

interface NamedDefault {
  readonly word: string;
  /** Where it is one. */
  readonly label?: string;
  readonly menuProgram: boolean;
}

/** What DEFAULT names: an entry, a menu program by its own name or by that of an entry, or a file. */
function resolveDefault(builder: ConfigBuilder, entries: readonly PxelinuxEntry[]): NamedDefault {
  const line = builder.globals.default;
  if (line === undefined) return { word: "", menuProgram: false };
  const { word } = splitWord(line.argument);
  const entry = entries.find(({ label }) => label === word);
  if (entry !== undefined)
    return isThisMenu(entry.action) ? { word, menuProgram: true } : { word, label: word, menuProgram: false };
  const menuProgram = isMenuProgram(word);
  if (!menuProgram && !isFileName(word))
    builder.report(line, slip(`there is no label ${word}: PXELINUX looks for a file of that name`));
  return { word, menuProgram };
}

/**
 * A DEFAULT that names a kernel file rather than a label is an entry of its own, unless IMPLICIT forbids it. A plain word is
 * taken for a file only where the file has no label at all: otherwise it is a slip.
 */
function addImplicitEntry(builder: ConfigBuilder): void {
  const { globals, entries } = builder;
  const line = globals.default;
  if (line === undefined || !globals.implicit) return;
  const { word, rest } = splitWord(line.argument);
  if (entries.some(({ entry }) => entry.label === word) || (entries.length > 0 && !word.includes("/")))
    return;
  if (bootAction("KERNEL", word, "").kind !== "linux") return;
  builder.addImplicit(word, rest, line);
}

function isFileName(word: string): boolean {
  return word.includes("/") || bootAction("KERNEL", word, "").kind !== "linux";
}

/** The label that the menu has selected when it opens: what cannot be selected is passed over. */
function firstChoice(
  { items, defaultItem }: PxelinuxMenu,
  { entries }: { readonly entries: readonly PxelinuxEntry[] },
): string | undefined {
  const choice = [...items.slice(defaultItem), ...items].find((item) => item.kind === "entry");
  return choice?.kind === "entry" ? entries[choice.entry]!.label : undefined;
}

function reportUnclosed(builder: ConfigBuilder): void {
  for (let menu = builder.menu; menu.at !== undefined; menu = builder.menus[menu.parent ?? TOP]!)
    builder.report(menu.at, slip("its MENU END is missing"));
}

/** Files that cannot be had are said before anybody chooses them. */
function checkFiles(builder: ConfigBuilder): void {
  for (const { entry, kernelAt, initrdAt } of builder.entries) {
    const { kernel, initrds } = entry;
    if (kernel === undefined) continue;
    for (const [name, at] of [
      [kernel, kernelAt] as const,
      ...initrds.map((initrd) => [initrd, initrdAt] as const),
    ]) {
      const path = treePath(name, builder.prefix);
      if (!path.ok) builder.report(at, slip(unreachable(name, path.reason)));
    }
  }
}

/** By file, in the order in which they are first spoken of, then by line. */
function inOrder(reports: readonly LineReport[]): LineReport[] {
  const files = [...new Set(reports.map(({ file }) => file))];
  // A file that is included twice says everything twice.
  const once = new Map(reports.map((report) => [`${report.file}:${report.line}:${report.why}`, report]));
  return [...once.values()].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
}
