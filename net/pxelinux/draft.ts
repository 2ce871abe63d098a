/** What is collected while a config is read. */
import type { EntryAction, LineReport, MenuItem, PxelinuxEntry } from "./config.ts";
import type { BootKeyword } from "./image-kind.ts";
import type { ConfigLine } from "./line.ts";

/** A label while its lines are read. */
export interface LabelDraft {
  readonly label: string;
  /** The line of its LABEL. */
  readonly at: ConfigLine;
  /** What was read of it after LABEL: to be reported where the label turns out not to count. */
  readonly lines: ConfigLine[];
  /** The lines that a disabled label shows as well. */
  readonly shown: ConfigLine[];
  boot?: { readonly keyword: BootKeyword; readonly argument: string; readonly at: ConfigLine };
  /** MENU GOTO, EXIT, QUIT or HELP: goes before `boot`. The tags of menus are looked up at the end. */
  menuAction?: MenuAction;
  title?: string;
  initrd?: string;
  append?: string;
  /** The last line that can have named an initrd. */
  initrdAt?: ConfigLine;
  sysAppend: number;
  password?: string;
  helpText?: string;
  indent: number;
  hidden: boolean;
  disabled: boolean;
  isDefault: boolean;
}

export type MenuAction =
  | { readonly kind: "goto-tag"; readonly tag: string; readonly at: ConfigLine }
  | Extract<EntryAction, { kind: "goto" | "quit" | "help" }>;

export interface MenuDraft {
  readonly tag: string;
  readonly parent: number | undefined;
  /** Its place in the parent's items. */
  readonly parentItem: number;
  /** Its MENU BEGIN; undefined for the top menu. */
  readonly at: ConfigLine | undefined;
  readonly items: MenuItem[];
  readonly hotkeys: Set<string>;
  title?: string;
  /** MENU LABEL of a submenu: what its line in the parent says. */
  label?: string;
  hotkey?: string;
  password?: string;
  defaultItem: number;
  timeoutMs?: number;
  onTimeout?: string;
}

/** An entry whose MENU GOTO is not resolved yet. */
export interface EntryDraft {
  readonly entry: Omit<PxelinuxEntry, "action">;
  readonly action: EntryAction | Extract<MenuAction, { kind: "goto-tag" }>;
  readonly menu: number;
  readonly item: number | undefined;
  /** The lines that name its files, for what is to be said of those. */
  readonly kernelAt: ConfigLine;
  readonly initrdAt: ConfigLine;
}

/** What a handler says of a line that has no effect. */
export type Remark = Pick<LineReport, "kind" | "why"> | undefined;

export function slip(why: string): Remark {
  return { kind: "slip", why };
}

export function unused(why: string): Remark {
  return { kind: "unused", why };
}
