import type { EntryAction, ProgramKind } from "./config.ts";
import { splitWord, splitWords } from "./line.ts";

/** The keywords that say what a label boots. KERNEL leaves it to the file's ending. */
export const BOOT_KEYWORDS = [
  "KERNEL",
  "LINUX",
  "BOOT",
  "BSS",
  "PXE",
  "FDIMAGE",
  "COMBOOT",
  "COM32",
  "CONFIG",
  "LOCALBOOT",
] as const;
export type BootKeyword = (typeof BOOT_KEYWORDS)[number];

/** The endings by which KERNEL tells a program from a Linux kernel (syslinux.cfg, KERNEL). They have a case. */
const ENDINGS: readonly (readonly [string, ProgramKind])[] = [
  [".c32", "com32"],
  [".cbt", "comboot"],
  [".com", "comboot"],
  [".img", "disk-image"],
  [".bss", "bss"],
  [".bin", "boot-sector"],
  [".bs", "boot-sector"],
  [".0", "pxe"],
];

const PROGRAMS: Readonly<Partial<Record<BootKeyword, ProgramKind>>> = {
  BOOT: "boot-sector",
  BSS: "bss",
  PXE: "pxe",
  FDIMAGE: "disk-image",
  COMBOOT: "comboot",
};

/** Whether a file is one of the menu programs that read this same file format. */
export function isMenuProgram(file: string): boolean {
  return /(^|[/\\:])(vesa)?menu\.c32$/.test(file);
}

/** Whether an entry brings up the menu of the very file that it is in. */
export function isThisMenu(action: { readonly kind: string; readonly files?: readonly string[] }): boolean {
  return action.kind === "menu-files" && action.files?.join() === "~";
}

/**
 * What a boot keyword with its argument does.
 * @param append the options, which for a menu program are config files
 */
export function bootAction(keyword: BootKeyword, argument: string, append: string): EntryAction {
  const { word: file, rest } = splitWord(argument);
  switch (keyword) {
    case "LOCALBOOT":
      return { kind: "local", type: file };
    case "CONFIG":
      return { kind: "menu-files", files: [file] };
    case "LINUX":
      return { kind: "linux", file };
    case "COM32":
      return com32(file.endsWith(".c32") ? file : `${file}.c32`, rest, append);
    case "KERNEL": {
      const kind = ENDINGS.find(([ending]) => file.endsWith(ending))?.[1];
      if (kind === "com32") return com32(file, rest, append);
      return { kind: kind ?? "linux", file };
    }
    default:
      return { kind: PROGRAMS[keyword] ?? "boot-sector", file };
  }
}

function com32(file: string, rest: string, append: string): EntryAction {
  if (!isMenuProgram(file)) return { kind: "com32", file };
  const files = [...splitWords(rest), ...splitWords(append)];
  return { kind: "menu-files", files: files.length === 0 ? ["~"] : files };
}
