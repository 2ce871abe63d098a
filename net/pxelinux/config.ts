/** What a boot menu needs of a pxelinux.cfg file and of the files that it includes. */
export interface PxelinuxConfig {
  /** Every LABEL that can be chosen, in the order of the files, those of submenus and hidden ones as well. Labels are unique. */
  readonly entries: readonly PxelinuxEntry[];
  /** The top menu first, then every MENU BEGIN in the order of the files. */
  readonly menus: readonly [PxelinuxMenu, ...PxelinuxMenu[]];
  /** The index in `menus` of the one that is shown first. */
  readonly startMenu: number;
  /** The entry that is selected when the menu opens; undefined only when there are no entries. */
  readonly defaultLabel: string | undefined;
  /** What PXELINUX does when nobody touches a key. */
  readonly unattended: Unattended;
  /** MENU TITLE of the top menu. */
  readonly title?: string;
  /** The menu program that the file asks for (`UI menu.c32`, `DEFAULT vesamenu.c32`). */
  readonly ui?: string;
  /** TIMEOUT of the top menu: how long to wait for a key; absent when the menu waits for ever. */
  readonly timeoutMs?: number;
  /** TOTALTIMEOUT: how long to wait whatever is typed. */
  readonly totalTimeoutMs?: number;
  /** ONTIMEOUT: the command line that is run instead of the default when the time is up. */
  readonly onTimeout?: string;
  /** ONERROR: the command line that is run when a kernel is not found. */
  readonly onError?: string;
  /** PROMPT 1: ask, whatever else is said. */
  readonly prompt: boolean;
  /** NOESCAPE 1: Shift and Alt do not bring the prompt up. */
  readonly noEscape: boolean;
  /** ALLOWOPTIONS 0 forbids to change a command line. */
  readonly allowOptions: boolean;
  /** IMPLICIT 0 forbids to boot a file that no LABEL names. */
  readonly implicit: boolean;
  /** MENU HIDDEN: the menu shows up only when a key is pressed. */
  readonly menuHidden: boolean;
  /** What SAY says, a line each. */
  readonly say: readonly string[];
  /** DISPLAY: text files, by name, that are shown before the prompt. */
  readonly display: readonly string[];
  /** F1 to F12: the text file that the key shows, by the key's number. */
  readonly helpFiles: ReadonlyMap<number, string>;
  /** Every line that has no effect, so that nothing is dropped in silence. In the order in which the lines are read. */
  readonly reports: readonly LineReport[];
}

/** The top menu, or what stands between MENU BEGIN and MENU END. */
export interface PxelinuxMenu {
  /** `.top`, or the name behind MENU BEGIN; empty where there is none. */
  readonly tag: string;
  readonly title: string;
  /** The index of the menu that it opens from; undefined for the top menu. */
  readonly parent: number | undefined;
  readonly items: readonly MenuItem[];
  /** The index in `items` that is selected first. It may be one that cannot be selected: that is PXELINUX's first line too. */
  readonly defaultItem: number;
  readonly timeoutMs?: number;
  readonly onTimeout?: string;
}

export type MenuItem =
  /** An index of `entries`. */
  | { readonly kind: "entry"; readonly entry: number }
  /** An index of `menus`. */
  | {
      readonly kind: "submenu";
      readonly menu: number;
      readonly title: string;
      readonly hotkey?: string;
      readonly password?: string;
    }
  /** MENU DISABLE: a line that is read, not chosen. */
  | { readonly kind: "disabled"; readonly title: string; readonly indent: number; readonly helpText: string }
  | { readonly kind: "separator" };

export interface PxelinuxEntry {
  readonly label: string;
  /** MENU LABEL without its hot key mark, or the label. */
  readonly title: string;
  /** The key that MENU LABEL marks with `^`, in lower case. */
  readonly hotkey?: string;
  /** MENU INDENT, in characters. */
  readonly indent: number;
  /** MENU HIDE: it can be booted by its name, and is not shown. */
  readonly hidden: boolean;
  /** MENU PASSWD as written: a hash, or the password itself; empty where only the master password opens it. */
  readonly password?: string;
  /** What choosing it does. */
  readonly action: EntryAction;
  /** The Linux kernel's file name as written; see `treePath`. Undefined when the entry does something else. */
  readonly kernel: string | undefined;
  /** File names as written, in loading order. */
  readonly initrds: readonly string[];
  /**
   * The kernel's command line as the files give it, `initrd=` included: what Tab shows, without the kernel. The global APPEND
   * is resolved; what SYSAPPEND adds is not in it, see `sysAppendWords`.
   */
  readonly append: string;
  /** IPAPPEND or SYSAPPEND: the bit mask of what the boot loader adds to `append` (1 is `ip=`, 2 is `BOOTIF=`). */
  readonly sysAppend: number;
  /** The lines between TEXT HELP and ENDTEXT; empty when there are none. */
  readonly helpText: string;
  /** The folder of the tree that its files' names are relative to (see `treePath`): that of pxelinux.0, or option 210. */
  readonly prefix: string;
  /** Where its LABEL is; lines are counted from 1. */
  readonly file: string;
  readonly line: number;
}

export type EntryAction =
  | { readonly kind: "linux"; readonly file: string }
  /** A boot program of another kind. */
  | { readonly kind: ProgramKind; readonly file: string }
  /** Other config files become the menu (CONFIG, or a menu program with file names); `~` is the file that is read first. */
  | { readonly kind: "menu-files"; readonly files: readonly string[] }
  /** LOCALBOOT with its type, as written. */
  | { readonly kind: "local"; readonly type: string }
  /** MENU GOTO and MENU EXIT: an index of `menus`. */
  | { readonly kind: "goto"; readonly menu: number }
  /** MENU QUIT: to the command line. */
  | { readonly kind: "quit" }
  /** MENU HELP: shows a text file. */
  | { readonly kind: "help"; readonly file: string };

export type ProgramKind = "com32" | "comboot" | "pxe" | "boot-sector" | "bss" | "disk-image";

export type Unattended =
  /** The command line is run as if it were typed at the `boot:` prompt. */
  | {
      readonly kind: "boot";
      readonly command: string;
      /** The entry that it starts; undefined where its first word is a file name. */
      readonly label?: string;
      /** What stands behind the label: it is added to the entry's command line. */
      readonly more: string;
      /** 0 where it boots without asking. */
      readonly afterMs: number;
    }
  /** It waits at its menu or its prompt. */
  | { readonly kind: "wait" };

/** A line that has no effect. */
export interface LineReport {
  /** `slip` is something to mend; `unused` is right as it is, but nothing here acts on it. */
  readonly kind: "slip" | "unused";
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  /** A clause for a person: "there is no such keyword", "the label linux is taken". */
  readonly why: string;
}
