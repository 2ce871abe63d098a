import { basename } from "node:path";

/** One section of nbd-server's configuration: an export of the section's name. */
export interface ServerSection {
  readonly name: string;
  /** `exportname`: the path of the file, which nbd-server wants to be absolute. */
  readonly path: string | undefined;
  readonly lines: readonly string[];
}

export interface ServerConfig {
  /** The lines of `[generic]`. */
  readonly generic: readonly string[];
  readonly sections: readonly ServerSection[];
}

/** Reads the INI dialect of nbd-server(5). What it does not understand is kept: nbd-server shall judge it. */
export function parseServerConfig(text: string): ServerConfig {
  const groups: { name: string; lines: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^[\]]+)\]\s*$/.exec(line);
    if (header !== null) groups.push({ name: header[1]!, lines: [] });
    else if (/^\s*(#|$)/.test(line)) continue;
    else if (groups.length > 0) groups.at(-1)!.lines.push(line.trim());
    else groups.push({ name: "generic", lines: [line.trim()] });
  }
  return {
    generic: groups.filter(({ name }) => name === "generic").flatMap(({ lines }) => lines),
    sections: groups
      .filter(({ name }) => name !== "generic")
      .map(({ name, lines }) => ({ name, lines, path: settingOf(lines, "exportname") })),
  };
}

export function serializeServerConfig({ generic, sections }: ServerConfig): string {
  const group = (name: string, lines: readonly string[]) =>
    `[${name}]\n${lines.map((line) => `    ${line}\n`).join("")}`;
  return [group("generic", generic), ...sections.map(({ name, lines }) => group(name, lines))].join("\n");
}

const INCLUDE = "includedir";

/** Folders whose `.conf` files are part of the configuration (nbd-server(5), includedir). */
export function includedFolders({ generic }: ServerConfig): string[] {
  const folder = settingOf(generic, INCLUDE);
  return folder === undefined || folder === "" ? [] : [folder];
}

export function withoutIncludes({ generic }: ServerConfig): string[] {
  return generic.filter((line) => keyOf(line) !== INCLUDE);
}

/** Where a server listens, and as whom it runs: nothing of it holds for an instance of ours. */
const OURS = ["port", "listenaddr", "unixsock", "duallisten", "oldstyle"];
const FOR_ROOT = ["user", "group"];

/** The same exports, on 127.0.0.1 and this port. */
export function privateConfig(config: ServerConfig, port: number, isRoot: boolean): ServerConfig {
  const dropped = isRoot ? OURS : [...OURS, ...FOR_ROOT];
  const generic = config.generic.filter((line) => !dropped.includes(keyOf(line)));
  return { ...config, generic: [`port = ${port}`, "listenaddr = 127.0.0.1", ...generic] };
}

/** A section for an image, or a sentence fragment that says why there can be none. */
export function imageSection(name: string, path: string, readOnly: boolean): ServerSection | string {
  if (name === "generic") return `"generic" is the name of nbd-server's own section`;
  if (/[[\]\p{Cc}]/u.test(name)) return "nbd-server knows no names with brackets or control characters";
  if (/\p{Cc}/u.test(path)) return `the path of ${basename(path)} has control characters in it`;
  const lines = [
    exportNameLine(path),
    // Without it nbd-server takes a % in the path for a place to put the client's address.
    "virtstyle = none",
    ...(readOnly ? ["readonly = true"] : ["flush = true"]),
  ];
  return { name, path, lines };
}

/** The same section with the file elsewhere. */
export function movedSection(section: ServerSection, path: string): ServerSection {
  const line = exportNameLine(path);
  const lines = section.lines.map((each) => (keyOf(each) === "exportname" ? line : each));
  return { ...section, path, lines };
}

/** With GKeyFile's escapes; a space at the end would be cut off. */
function exportNameLine(path: string): string {
  return `exportname = ${path.replaceAll("\\", "\\\\").replace(/ $/, "\\s")}`;
}

function keyOf(line: string): string {
  return line.split("=", 1)[0]!.trim();
}

function settingOf(lines: readonly string[], key: string): string | undefined {
  const line = lines.findLast((each) => keyOf(each) === key);
  // GKeyFile's escapes; of them only these two make sense in a path.
  return line
    ?.slice(line.indexOf("=") + 1)
    .trim()
    .replaceAll(/\\([s\\])/g, (_, escaped: string) => (escaped === "s" ? " " : "\\"));
}
