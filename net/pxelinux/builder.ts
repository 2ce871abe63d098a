import { initrdsOf, joinWords } from "./append.ts";
import type { LineReport, MenuItem } from "./config.ts";
import type { EntryDraft, LabelDraft, MenuDraft, Remark } from "./draft.ts";
import { bootAction } from "./image-kind.ts";
import { type ConfigLine, splitWord } from "./line.ts";

/** What the file says of everything at once, not of one label or menu. */
export interface Globals {
  /** DEFAULT, with its line. */
  default?: ConfigLine;
  ui?: ConfigLine;
  /** Of the prompt: in whichever menu it stands, the last one counts. */
  promptTimeoutMs?: number;
  totalTimeoutMs?: number;
  onTimeout?: string;
  onError?: string;
  prompt: boolean;
  noEscape: boolean;
  allowOptions: boolean;
  implicit: boolean;
  menuHidden: boolean;
  menuShiftKey: boolean;
  readonly say: string[];
  readonly display: string[];
  readonly helpFiles: Map<number, string>;
}

export const TOP = 0;

/**
 * Puts a config together, a directive at a time, in the way that SYSLINUX does: a label ends where the next LABEL, MENU BEGIN,
 * MENU END or MENU SEPARATOR comes, and the global APPEND that counts is the one that is known then.
 */
export class ConfigBuilder {
  /** The folder of the tree that names of files are relative to. */
  readonly prefix: string;
  readonly globals: Globals = {
    prompt: false,
    noEscape: false,
    allowOptions: true,
    implicit: true,
    menuHidden: false,
    menuShiftKey: false,
    say: [],
    display: [],
    helpFiles: new Map(),
  };
  readonly menus: MenuDraft[] = [newMenu(".top")];
  readonly entries: EntryDraft[] = [];
  readonly reports: LineReport[] = [];
  /** The global ones. */
  append = "";
  sysAppend = 0;
  /** The label that lines belong to now. */
  label: LabelDraft | undefined;
  startMenu = TOP;
  #menu = TOP;
  readonly #lines = new Map<string, ConfigLine>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get menuIndex(): number {
    return this.#menu;
  }

  get menu(): MenuDraft {
    return this.menus[this.#menu]!;
  }

  get parent(): MenuDraft | undefined {
    const { parent } = this.menu;
    return parent === undefined ? undefined : this.menus[parent];
  }

  report(line: ConfigLine, remark: Remark): void {
    if (remark === undefined) return;
    this.reports.push({ ...remark, file: line.file, line: line.number, text: line.text.trim() });
  }

  beginLabel(label: string, at: ConfigLine): LabelDraft {
    this.endLabel();
    const draft: LabelDraft = {
      label,
      at,
      lines: [],
      shown: [],
      sysAppend: this.sysAppend,
      indent: 0,
      hidden: false,
      disabled: false,
      isDefault: false,
    };
    this.label = draft;
    return draft;
  }

  /** Puts the label that was read into its menu. */
  endLabel(): void {
    const draft = this.label;
    this.label = undefined;
    if (draft === undefined) return;
    const first = this.#lines.get(draft.label);
    if (draft.disabled) this.#endDisabled(draft);
    else if (draft.label === "" || first !== undefined) this.#drop(draft, first);
    else this.#addEntry(draft);
  }

  #addEntry(draft: LabelDraft): void {
    this.#lines.set(draft.label, draft.at);
    const { title, hotkey } = this.#title(draft.title ?? draft.label, draft.title !== undefined);
    const item = draft.hidden ? undefined : this.menu.items.length;
    const { keyword, argument } = draft.boot ?? { keyword: "KERNEL" as const, argument: draft.label };
    const own = draft.append ?? this.append;
    const options = own === "-" ? "" : own;
    const action = draft.menuAction ?? bootAction(keyword, argument, options);
    const isLinux = action.kind === "linux";
    const append = isLinux
      ? joinWords(
          splitWord(argument).rest,
          options,
          draft.initrd === undefined ? "" : `initrd=${draft.initrd}`,
        )
      : options;
    this.entries.push({
      entry: {
        label: draft.label,
        title,
        ...(hotkey !== undefined && { hotkey }),
        indent: draft.indent,
        hidden: draft.hidden,
        ...(draft.password !== undefined && { password: draft.password }),
        kernel: isLinux ? action.file : undefined,
        initrds: isLinux ? initrdsOf(append) : [],
        append,
        sysAppend: draft.sysAppend,
        helpText: draft.helpText ?? "",
        prefix: this.prefix,
        file: draft.at.file,
        line: draft.at.number,
      },
      action,
      menu: this.#menu,
      item,
      kernelAt: draft.boot?.at ?? draft.at,
      initrdAt: draft.initrdAt ?? draft.at,
    });
    if (item === undefined) return;
    this.menu.items.push({ kind: "entry", entry: this.entries.length - 1 });
    const runs = draft.menuAction === undefined || draft.menuAction.kind === "goto-tag";
    if (draft.isDefault && runs) this.menu.defaultItem = item;
  }

  /** An entry for a kernel that no LABEL names: the global APPEND is not for it. */
  addImplicit(file: string, options: string, at: ConfigLine): void {
    const draft = this.beginLabel(file, at);
    draft.boot = { keyword: "LINUX", argument: file, at };
    draft.append = options;
    this.endLabel();
  }

  addSeparator(): void {
    this.endLabel();
    this.menu.items.push({ kind: "separator" });
  }

  /** It has its parent's time-out and ONTIMEOUT, until it says otherwise. */
  beginMenu(tag: string, at: ConfigLine): void {
    this.endLabel();
    const { menu } = this;
    const index = this.menus.length;
    this.menus.push({
      ...newMenu(tag, this.#menu, menu.items.length, at),
      ...(menu.timeoutMs !== undefined && { timeoutMs: menu.timeoutMs }),
      ...(menu.onTimeout !== undefined && { onTimeout: menu.onTimeout }),
    });
    menu.items.push({ kind: "submenu", menu: index, title: tag });
    this.#menu = index;
  }

  /** False where there is no menu to end. */
  endMenu(): boolean {
    this.endLabel();
    const { parent } = this.menu;
    if (parent === undefined) return false;
    this.#menu = parent;
    return true;
  }

  /** MENU LABEL of the submenu that is being read: its line in the menu above. */
  labelMenu(text: string): void {
    const { title, hotkey } = takeHotkey(text, this.parent?.hotkeys ?? new Set());
    this.menu.label = title;
    if (hotkey !== undefined) this.menu.hotkey = hotkey;
  }

  #title(text: string, marked: boolean): { title: string; hotkey?: string } {
    return marked ? takeHotkey(text, this.menu.hotkeys) : { title: text };
  }

  #endDisabled(draft: LabelDraft): void {
    const item: MenuItem = {
      kind: "disabled",
      title: (draft.title ?? draft.label).replace("^", ""),
      indent: draft.indent,
      helpText: draft.helpText ?? "",
    };
    if (!draft.hidden) this.menu.items.push(item);
    for (const line of draft.lines)
      this.report(line, { kind: "unused", why: `the entry ${draft.label} is disabled` });
  }

  #drop(draft: LabelDraft, first: ConfigLine | undefined): void {
    const why =
      first === undefined
        ? "the label has no name"
        : `the label ${draft.label} is taken: ${first.file} has it in line ${first.number}`;
    this.report(draft.at, { kind: "slip", why });
    for (const line of [...draft.lines, ...draft.shown])
      this.report(line, { kind: "slip", why: "it belongs to the label above, which does not count" });
  }
}

function newMenu(tag: string, parent?: number, parentItem = 0, at?: ConfigLine): MenuDraft {
  return { tag, parent, parentItem, at, items: [], hotkeys: new Set(), defaultItem: 0 };
}

/** `^` stands before the key that selects an entry; the first entry that has a key keeps it. */
function takeHotkey(text: string, taken: Set<string>): { title: string; hotkey?: string } {
  const mark = text.indexOf("^");
  if (mark < 0) return { title: text };
  const title = text.slice(0, mark) + text.slice(mark + 1);
  const hotkey = text[mark + 1]?.toLowerCase();
  if (hotkey === undefined || hotkey === " " || taken.has(hotkey)) return { title };
  taken.add(hotkey);
  return { title, hotkey };
}
