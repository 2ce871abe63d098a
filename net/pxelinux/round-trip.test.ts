import fc from "fast-check";
import { expect, it } from "vitest";
import type { MenuItem, PxelinuxConfig } from "./config.ts";
import { parsePxelinux } from "./parse.ts";

/** A menu as a person thinks of it, and as `write` writes it down. */
interface Entry {
  readonly kind: "entry";
  readonly label: string;
  readonly title: string | undefined;
  readonly kernel: string | undefined;
  readonly append: string | undefined;
  readonly initrds: readonly string[];
  readonly sysAppend: number | undefined;
  readonly help: readonly string[] | undefined;
  readonly hidden: boolean;
  readonly indent: number;
}
type Node =
  | Entry
  | { readonly kind: "separator" }
  | { readonly kind: "disabled"; readonly title: string }
  | { readonly kind: "submenu"; readonly title: string; readonly nodes: readonly Node[] };

interface Model {
  readonly append: string | undefined;
  readonly timeout: number | undefined;
  readonly prompt: boolean | undefined;
  readonly nodes: readonly Node[];
}

const name = fc
  .stringMatching(/^[a-zA-Z0-9._-]{1,12}$/)
  .filter((word) => word !== "-" && !/^\.+$/.test(word));
const title = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ,:()äß-]{0,20}[a-z]$/);
const options = fc
  .array(fc.stringMatching(/^[a-z0-9._-]{1,8}(=[A-Za-z0-9:/.,_-]{0,10})?$/), { maxLength: 4 })
  .map((words) => words.filter((word) => !word.startsWith("initrd") && word !== "-").join(" "));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const entry = fc.record<Entry>({
  kind: fc.constant("entry"),
  label: name,
  title: optional(title),
  kernel: optional(name.map((file) => `boot/${file}.krn`)),
  append: optional(options),
  initrds: fc.array(name, { maxLength: 3 }),
  sysAppend: optional(fc.nat(0x7ffff)),
  help: optional(fc.array(title, { maxLength: 3 })),
  hidden: fc.boolean(),
  indent: fc.nat(80),
});
const { nodes } = fc.letrec<{ nodes: Node[]; node: Node }>((tie) => ({
  nodes: fc.array(tie("node"), { maxLength: 6 }),
  node: fc.oneof(
    { depthSize: "small" },
    { weight: 6, arbitrary: entry },
    { weight: 1, arbitrary: fc.constant({ kind: "separator" } as const) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("disabled" as const), title }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("submenu" as const), title, nodes: tie("nodes") }),
    },
  ),
}));
const model: fc.Arbitrary<Model> = fc
  .record({
    append: optional(options),
    timeout: optional(fc.nat(9999)),
    prompt: optional(fc.boolean()),
    nodes,
  })
  .filter(({ nodes }) => {
    const labels = entriesOf(nodes).map(({ label }) => label);
    return new Set(labels).size === labels.length;
  });

function entriesOf(nodes: readonly Node[]): Entry[] {
  return nodes.flatMap((node) =>
    node.kind === "entry" ? node : node.kind === "submenu" ? entriesOf(node.nodes) : [],
  );
}

function write({ append, timeout, prompt, nodes }: Model): string[] {
  return [
    ...(append === undefined ? [] : [`APPEND ${append}`]),
    ...(timeout === undefined ? [] : [`TIMEOUT ${timeout}`]),
    ...(prompt === undefined ? [] : [`PROMPT ${prompt ? 1 : 0}`]),
    ...nodes.flatMap(writeNode),
  ];
}

function writeNode(node: Node): string[] {
  switch (node.kind) {
    case "separator":
      return ["MENU SEPARATOR"];
    case "disabled":
      return ["LABEL -", `MENU LABEL ${node.title}`, "MENU DISABLE"];
    case "submenu":
      return ["MENU BEGIN", `MENU TITLE ${node.title}`, ...node.nodes.flatMap(writeNode), "MENU END"];
    case "entry":
      return [
        `LABEL ${node.label}`,
        ...(node.title === undefined ? [] : [`MENU LABEL ${node.title}`]),
        ...(node.hidden ? ["MENU HIDE"] : []),
        `MENU INDENT ${node.indent}`,
        ...(node.help === undefined ? [] : ["TEXT HELP", ...node.help, "ENDTEXT"]),
        `LINUX ${node.kernel ?? node.label}`,
        ...(node.append === undefined ? [] : [`APPEND ${node.append === "" ? "-" : node.append}`]),
        ...(node.initrds.length === 0 ? [] : [`INITRD ${node.initrds}`]),
        ...(node.sysAppend === undefined ? [] : [`SYSAPPEND ${node.sysAppend}`]),
      ];
  }
}

/** What a config is, in the model's words; the global APPEND is resolved in both. */
function read(config: PxelinuxConfig, menu = 0): unknown[] {
  return config.menus[menu]!.items.map((item: MenuItem) => {
    if (item.kind === "submenu")
      return { kind: "submenu", title: item.title, nodes: read(config, item.menu) };
    if (item.kind === "disabled") return { kind: "disabled", title: item.title };
    return item.kind === "separator" ? { kind: "separator" } : readEntry(config.entries[item.entry]!);
  });
}

function readEntry({
  label,
  title,
  kernel,
  append,
  initrds,
  sysAppend,
  helpText,
  hidden,
  indent,
}: PxelinuxConfig["entries"][number]) {
  return { label, title, kernel, append, initrds, sysAppend, helpText, hidden, indent };
}

function expectedEntry(entry: Entry, global: string | undefined) {
  const initrd = entry.initrds.length === 0 ? "" : `initrd=${entry.initrds}`;
  return {
    label: entry.label,
    title: entry.title ?? entry.label,
    kernel: entry.kernel ?? entry.label,
    append: [entry.append ?? global ?? "", initrd].filter((part) => part !== "").join(" "),
    initrds: entry.initrds,
    sysAppend: entry.sysAppend ?? 0,
    helpText: (entry.help ?? []).join("\n"),
    hidden: entry.hidden,
    indent: entry.indent,
  };
}

function expectedItems(nodes: readonly Node[], global: string | undefined): unknown[] {
  return nodes
    .filter((node) => node.kind !== "entry" || !node.hidden)
    .map((node) => {
      if (node.kind === "entry") return expectedEntry(node, global);
      return node.kind === "submenu" ? { ...node, nodes: expectedItems(node.nodes, global) } : node;
    });
}

/** The same line as another person would type it. */
function restyle(line: string, style: number): string {
  const words = line.split(" ");
  const count = words[0] === "MENU" || words[0] === "TEXT" ? 2 : 1;
  const keyword = words.slice(0, count).join(style & 1 ? "\t" : " ");
  const said = style & 2 ? keyword.toLowerCase() : keyword;
  const rest = words.slice(count).join(" ");
  return `${style & 4 ? "    " : ""}${said}${rest === "" ? "" : `${style & 8 ? "  \t" : " "}${rest}`}${style & 16 ? " \r" : ""}`;
}

it("reads what was written, however it was typed", () => {
  fc.assert(
    fc.property(model, fc.nat(31), (written, style) => {
      let inHelp = false;
      const text = write(written)
        .map((line) => {
          if (line === "ENDTEXT") inHelp = false;
          const typed = inHelp ? line : restyle(line, style);
          if (line === "TEXT HELP") inHelp = true;
          return `${typed}\n`;
        })
        .join("");
      const config = parsePxelinux(text);
      expect(config.reports).toEqual([]);
      expect(read(config)).toEqual(expectedItems(written.nodes, written.append));
      expect(config.entries.map(readEntry)).toEqual(
        entriesOf(written.nodes).map((entry) => expectedEntry(entry, written.append)),
      );
      expect(config.timeoutMs).toBe(written.timeout ? written.timeout * 100 : undefined);
      expect(config.prompt).toBe(written.prompt ?? false);
    }),
    { numRuns: 300 },
  );
});

it("reports exactly the lines that it does not act on, and is not led astray by them", () => {
  const junk = fc.constantFrom(
    "LABLE x",
    "KERNAL y",
    "MENU TITEL z",
    "= = =",
    "MENU END",
    "ENDTEXT",
    "menu color sel * #fff *",
    "serial 0",
  );
  fc.assert(
    fc.property(model, fc.array(fc.tuple(fc.nat(), junk), { maxLength: 8 }), (written, inserted) => {
      const lines = write({
        ...written,
        nodes: written.nodes
          .filter(({ kind }) => kind === "entry")
          .map((node) => ({ ...(node as Entry), help: undefined })),
      });
      const clean = parsePxelinux(lines.join("\n"));
      const mixed = [...lines];
      // MENU END ends a label, so junk of that kind stands at the end only.
      for (const [at, line] of inserted)
        mixed.splice(line === "MENU END" ? mixed.length : at % (mixed.length + 1), 0, line);
      const config = parsePxelinux(mixed.join("\n"));
      expect(config.reports.map(({ line, text }) => [line, text])).toEqual(
        mixed.flatMap((line, index) =>
          inserted.some(([, junk]) => junk === line) ? [[index + 1, line]] : [],
        ),
      );
      const expectation = clean.entries.map(readEntry);
      expect(config.entries.map(readEntry)).toEqual(expectation);
    }),
    { numRuns: 300 },
  );
});

it("never throws, whatever the text, and every report names a line of it", () => {
  const word = fc.constantFrom(
    ...(
      "LABEL KERNEL LINUX APPEND INITRD MENU DEFAULT TITLE TEXT HELP ENDTEXT UI TIMEOUT PROMPT ONTIMEOUT LOCALBOOT IPAPPEND SAY " +
      "BEGIN END GOTO EXIT QUIT SEPARATOR DISABLE HIDE INDENT PASSWD MASTER INCLUDE CONFIG COM32 F1 SHIFTKEY START " +
      "# - ^ a b .top 7 0x1f -1 menu.c32 initrd=a,b ../x http://x \t \r \0 \uFEFF \u00a0"
    ).split(" "),
  );
  const line = fc.oneof(
    fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const text = lines.join("\n");
      const config = parsePxelinux(text);
      const source = text.replace(/^\uFEFF/, "").split(/\r?\n/);
      for (const { line, text } of config.reports) expect(source[line - 1]!.trim()).toBe(text);
      const labels = config.entries.map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
      if (config.defaultLabel !== undefined) expect(labels).toContain(config.defaultLabel);
      expect(config.menus.length).toBeGreaterThan(config.startMenu);
      for (const { items } of config.menus)
        for (const item of items) {
          if (item.kind === "entry") expect(config.entries[item.entry]!.hidden).toBe(false);
          if (item.kind === "submenu") expect(config.menus[item.menu]).toBeDefined();
        }
    }),
    { numRuns: 1000 },
  );
});
