/** What a boot menu needs of a pxelinux.cfg file. */
export interface PxelinuxConfig {
  /** In the order of the file. Labels are unique. */
  readonly entries: readonly PxelinuxEntry[];
  /** What is booted when nobody chooses; undefined only when there are no entries. */
  readonly defaultLabel: string | undefined;
  /** MENU TITLE. */
  readonly title?: string;
  /** The menu program that the file asks for (`UI menu.c32`, `DEFAULT vesamenu.c32`). */
  readonly ui?: string;
  /** How long to wait for a choice; absent when the menu waits for ever. */
  readonly timeoutMs?: number;
  /** PROMPT 1: ask, whatever else is said. */
  readonly prompt: boolean;
  /** What SAY says, a line each. */
  readonly say: readonly string[];
  /** Every line that was understood by nobody here, so that nothing is dropped in silence. */
  readonly unknown: readonly UnknownLine[];
}

export interface PxelinuxEntry {
  readonly label: string;
  /** MENU LABEL without its hot key mark, or the label. */
  readonly title: string;
  /** The key that MENU LABEL marks with `^`, in lower case. */
  readonly hotkey?: string;
  /** A file name as written; see `treePath`. Undefined when the entry boots something other than a Linux kernel. */
  readonly kernel: string | undefined;
  /** File names as written, in loading order. */
  readonly initrds: readonly string[];
  /** The kernel's command line as the file gives it, `initrd=` included: what Tab shows. The global APPEND is resolved. */
  readonly append: string;
  /** IPAPPEND or SYSAPPEND: the bit mask of what the boot loader adds to `append` (1 is `ip=`, 2 is `BOOTIF=`). */
  readonly sysAppend: number;
  /** The lines between TEXT HELP and ENDTEXT; empty when there are none. */
  readonly helpText: string;
  /** The line of its LABEL, counted from 1. */
  readonly line: number;
}

/** A line that has no effect. `why` is a clause for a person: "not supported", "the label linux is taken". */
export interface UnknownLine {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}
