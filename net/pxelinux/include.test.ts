import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_DEPTH } from "./parse.ts";
import { type ReadText, readPxelinux } from "./read.ts";

const MAIN = "pxelinux.cfg/default";

function tree(files: Readonly<Record<string, string>>): ReadText & { asked: string[] } {
  const asked: string[] = [];
  const read: ReadText = async (path) => {
    asked.push(path);
    return path in files ? { text: files[path]! } : { why: "the boot tree has no such file" };
  };
  return Object.assign(read, { asked });
}

const read = (text: string, files: Record<string, string> = {}) =>
  readPxelinux({ name: MAIN, text }, tree(files));

describe("an included file", () => {
  it("is read as if it stood there, with its own name and lines", async () => {
    const config = await read("LABEL a\nINCLUDE more.cfg\nAPPEND last\nBOGUS\n", {
      "more.cfg": "\nAPPEND first\nLABEL b\nTIMEOUT 10\nWRONG",
    });
    expect(config.entries).toMatchObject([
      { label: "a", append: "first", file: MAIN, line: 1 },
      { label: "b", append: "last", file: "more.cfg", line: 3 },
    ]);
    expect(config.timeoutMs).toBe(1000);
    expect(config.reports.map(({ file, line }) => [file, line])).toEqual([
      ["more.cfg", 5],
      [MAIN, 4],
    ]);
  });

  it("with a tag is a submenu", async () => {
    const config = await read("MENU INCLUDE more.cfg More systems\nLABEL b", { "more.cfg": "LABEL a" });
    expect(config.menus).toMatchObject([
      {
        items: [
          { kind: "submenu", menu: 1, title: "More systems" },
          { kind: "entry", entry: 1 },
        ],
      },
      { tag: "More systems", items: [{ kind: "entry", entry: 0 }] },
    ]);
    expect(config.reports).toEqual([]);
  });

  it("is fetched once, however often it is included", async () => {
    const files = tree({ "a.cfg": "INCLUDE c.cfg", "b.cfg": "INCLUDE c.cfg", "c.cfg": "SAY hello" });
    const config = await readPxelinux(
      { name: MAIN, text: "INCLUDE a.cfg\nINCLUDE /b.cfg\nINCLUDE ::c.cfg" },
      files,
    );
    expect(files.asked.toSorted()).toEqual(["a.cfg", "b.cfg", "c.cfg"]);
    expect(config.say).toEqual(["hello", "hello", "hello"]);
  });

  it("that includes itself, over whatever way, is reported", async () => {
    const config = await read("LABEL a\nINCLUDE a.cfg\nLABEL b", {
      "a.cfg": "SAY once\nINCLUDE pxelinux.cfg/default",
    });
    expect(config.say).toEqual(["once"]);
    expect(config.entries).toHaveLength(2);
    expect(config.reports).toMatchObject([
      {
        kind: "slip",
        file: "a.cfg",
        line: 2,
        why: `${MAIN} includes itself: ${MAIN} → a.cfg → ${MAIN}`,
      },
    ]);
  });

  it.each([
    ["INCLUDE", "it names no file"],
    ["INCLUDE ../secret", "../secret lies outside the boot tree"],
    [
      "INCLUDE tftp://10.0.0.1/x.cfg",
      "tftp://10.0.0.1/x.cfg is on another server, and files come from this one only",
    ],
    ["MENU INCLUDE gone.cfg", "gone.cfg is not included: the boot tree has no such file"],
  ])("that cannot be had is reported: %s", async (line, why) => {
    const { reports, entries } = await read(`LABEL a\n${line}\nLABEL b`);
    expect(reports).toEqual([{ kind: "slip", file: MAIN, line: 2, text: line, why }]);
    expect(entries).toHaveLength(2);
  });

  it("may include others, 16 deep", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `${index + 2}.cfg`,
        `SAY ${index + 2}\nINCLUDE ${index + 3}.cfg`,
      ]),
    );
    const config = await read("SAY 1\nINCLUDE 2.cfg", files);
    expect(config.say).toHaveLength(MOST_DEPTH);
    expect(config.reports).toMatchObject([
      { file: "16.cfg", line: 2, why: expect.stringContaining("16 deep") },
    ]);
  });

  it("cannot make the reading endless by fanning out", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => [
        `${index}.cfg`,
        `INCLUDE ${index + 1}.cfg\nINCLUDE ${index + 1}.cfg\n`.repeat(4),
      ]),
    );
    const { reports } = await read("INCLUDE 0.cfg", files);
    expect(reports.at(-1)!.why).toContain("the rest is not read");
    expect(reports.length).toBeLessThan(100_001);
  });

  it("whose reading fails is reported like one that is not there", async () => {
    const config = await readPxelinux({ name: MAIN, text: "INCLUDE a.cfg" }, async () => {
      throw new Error("the network is down");
    });
    expect(config.reports[0]!.why).toBe("a.cfg is not included: it cannot be read: the network is down");
  });

  it("ends its own TEXT", async () => {
    const config = await read("LABEL a\nINCLUDE a.cfg\nLABEL b\nENDTEXT", {
      "a.cfg": "TEXT HELP\nhelp\nLABEL no",
    });
    expect(config.entries).toMatchObject([{ label: "a", helpText: "help\nLABEL no" }, { label: "b" }]);
  });

  it("never makes it throw, whatever includes whatever", async () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const line = fc.oneof(
      name.map((file) => `INCLUDE ${file}`),
      fc.tuple(name, name).map(([file, tag]) => `MENU INCLUDE ${file} ${tag}`),
      name.map((label) => `LABEL ${label}`),
      fc.constantFrom("MENU END", "MENU BEGIN x", "TEXT HELP", "ENDTEXT", "MENU GOTO a"),
    );
    const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
    await fc.assert(
      fc.asyncProperty(text, fc.dictionary(name, text), async (main, files) => {
        const config = await readPxelinux({ name: "a", text: main }, tree(files));
        const labels = config.entries.map((entry) => entry.label);
        expect(new Set(labels).size).toBe(labels.length);
        const sources: Record<string, string> = { ...files, a: main };
        for (const { file, line, text } of config.reports)
          expect(sources[file]!.split("\n")[line - 1]).toBe(text);
      }),
    );
  });
});
