import { joinWords, withLeasedAddress } from "../pxelinux/append.ts";
import type { PxelinuxConfig, PxelinuxEntry } from "../pxelinux/config.ts";
import { splitWords } from "../pxelinux/line.ts";
import { treePath, unreachable } from "../pxelinux/path.ts";
import { sysAppendNames } from "../pxelinux/sysappend.ts";
import { ipxeComment, ipxeText, ipxeUri, ipxeWords, setting } from "./words.ts";

/** What the commands of entries hang on beside the entry. */
export interface EntryContext {
  readonly config: PxelinuxConfig;
  /** Machines share the segment: a static `ip=` becomes `ip=dhcp`. */
  readonly sharedSegment: boolean;
  /** See `IpxeScriptOptions`. */
  readonly unfit: ReadonlyMap<string, string>;
  /** The script of another config: files of the tree, or `~` for the first one. */
  readonly scriptOf: (files: readonly string[]) => string;
}

/** The iPXE label where everything ends that failed. It says `entry` and `part`, and goes to `again`. */
export const FAILED = "failed";

/** Behind the name of a file: iPXE has said before what it found wrong with it. */
const SEE_ABOVE = ", see above";

/** Of SYSAPPEND's, those that iPXE knows under names of its own; the others would have to be rewritten, which it cannot. */
const SYSAPPEND: ReadonlyMap<string, string> = new Map([
  ["ip", `ip=${["netX/ip", "next-server", "netX/gateway", "netX/netmask"].map(setting).join(":")}`],
  ["BOOTIF", `BOOTIF=01-${setting("netX/mac:hexhyp")}`],
]);

/** What starts an entry: lines of a script, the last of which goes elsewhere. `more` is added to its command line. */
export function entryCommands(entry: PxelinuxEntry, context: EntryContext, more = ""): string[] {
  const commands = actionCommands(entry, context, more);
  const where = `${entry.file}, line ${entry.line}`;
  const help = entry.helpText === "" ? [] : entry.helpText.split("\n");
  return [
    ipxeComment(`LABEL ${entry.label} (${where})`),
    ...help.map((line) => ipxeComment(`  ${line}`)),
    `set entry ${ipxeText(entry.label)}`,
    ...("why" in commands ? refusal(`${where}: ${commands.why}`) : commands.lines),
  ];
}

function refusal(why: string): string[] {
  return [`set part ${ipxeText(why)}`, `goto ${FAILED}`];
}

type Commands = { readonly lines: readonly string[] } | { readonly why: string };

function actionCommands(entry: PxelinuxEntry, context: EntryContext, more: string): Commands {
  const { action, prefix } = entry;
  if (entry.password !== undefined)
    return { why: "MENU PASSWD guards it, which iPXE cannot ask for: start it with pxelinux" };
  switch (action.kind) {
    case "linux":
      return linuxCommands(entry, context, more);
    case "local":
      return { lines: ["exit 0"] };
    case "goto":
      return { lines: [`goto ${menuLabel(action.menu)}`] };
    case "quit":
      return { lines: ["goto prompt"] };
    case "menu-files": {
      const paths: string[] = [];
      for (const file of action.files) {
        const place = file === "~" ? ({ ok: true, path: file } as const) : treePath(file, prefix);
        if (!place.ok) return { why: unreachable(file, place.reason) };
        paths.push(place.path);
      }
      const script = context.scriptOf(paths);
      return {
        lines: [
          `set part ${ipxeText(paths.join(" "))}${SEE_ABOVE}`,
          `chain --replace ${script} || goto ${FAILED}`,
        ],
      };
    }
    case "pxe": {
      const place = treePath(action.file, prefix);
      if (!place.ok) return { why: unreachable(action.file, place.reason) };
      return {
        lines: [
          `set part ${ipxeText(place.path)}${SEE_ABOVE}`,
          `chain ${ipxeUri(place.path)} || goto ${FAILED}`,
          "exit 0",
        ],
      };
    }
    default:
      return { why: `${action.file} is a program for SYSLINUX, not for iPXE: start it with pxelinux` };
  }
}

function linuxCommands(entry: PxelinuxEntry, { sharedSegment, unfit }: EntryContext, more: string): Commands {
  const { prefix, append, sysAppend } = entry;
  const files = fileCommands(entry.kernel ?? "", entry.initrds, prefix);
  if ("why" in files) return files;
  const why = unfit.get(files.kernel);
  if (why !== undefined) return { why: `${files.kernel} is no Linux kernel: ${why}` };
  const line = sharedSegment ? withLeasedAddress(append) : append;
  const own = ipxeWords(withNames(line, files.names));
  const behind = ipxeWords(more);
  if (own === undefined || behind === undefined)
    return {
      why: "iPXE would put a setting in place of what its command line has between braces behind a dollar sign: start it with pxelinux",
    };
  const asked = sysAppendNames(sysAppend);
  const added = asked.flatMap((name) => SYSAPPEND.get(name) ?? []);
  const unknown = asked.filter((name) => !SYSAPPEND.has(name));
  return {
    lines: [
      ...(unknown.length === 0
        ? []
        : [
            ipxeComment(
              `  ${entry.file}, line ${entry.line}: SYSAPPEND cannot add ${unknown.join(", ")} under iPXE.`,
            ),
          ]),
      "imgfree",
      `set part ${ipxeText(files.kernel)}${SEE_ABOVE}`,
      `${joinWords("kernel", ipxeUri(files.kernel), own, ...added, behind)} || goto ${FAILED}`,
      ...files.initrds.flatMap((path, index) => [
        `set part ${ipxeText(path)}${SEE_ABOVE}`,
        `initrd --name ${files.names[index]} ${ipxeUri(path)} || goto ${FAILED}`,
      ]),
      `set part ${ipxeText(files.kernel)}${SEE_ABOVE}`,
      `boot || goto ${FAILED}`,
    ],
  };
}

interface Files {
  readonly kernel: string;
  readonly initrds: readonly string[];
  /** Of the initrds, by which a kernel that is an EFI program finds them; no two are the same. */
  readonly names: readonly string[];
}

function fileCommands(
  kernel: string,
  initrds: readonly string[],
  prefix: string,
): Files | { readonly why: string } {
  const paths: string[] = [];
  for (const file of [kernel, ...initrds]) {
    const place = treePath(file, prefix);
    if (!place.ok) return { why: unreachable(file, place.reason) };
    paths.push(place.path);
  }
  const [first = "", ...others] = paths;
  const names: string[] = [];
  for (const path of others) {
    const plain = (path.split("/").at(-1) ?? "").replace(/[^\w.-]|^-/g, "_");
    names.push(names.includes(plain) ? `${plain}-${names.length + 1}` : plain);
  }
  return { kernel: first, initrds: others, names };
}

/** The command line with the names that iPXE has for the initrds; the first `initrd=` counts, and no other. */
function withNames(append: string, names: readonly string[]): string {
  let seen = false;
  return splitWords(append)
    .flatMap((word) => {
      if (!word.startsWith("initrd=")) return [word];
      if (seen) return [];
      seen = true;
      return names.map((name) => `initrd=${name}`);
    })
    .join(" ");
}

export function menuLabel(menu: number): string {
  return `menu-${menu}`;
}

export function entryLabel(entry: number): string {
  return `entry-${entry}`;
}
