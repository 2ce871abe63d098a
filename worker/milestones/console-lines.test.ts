import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConsoleLines } from "./console-lines.ts";

function linesOf(text: string, chunks = 1): { lines: string[]; partial: string } {
  const lines: string[] = [];
  const console = new ConsoleLines((line) => lines.push(line));
  for (let chunk = 0; chunk < chunks; chunk++) {
    for (let index = 0; index < text.length; index++) console.push(text.charCodeAt(index) & 0xff);
  }
  return { lines, partial: console.partial };
}

const codes = (line: string) => [...line].map((character) => character.charCodeAt(0));

describe("console lines", () => {
  it.each([
    [
      "colours",
      "[\x1b[0;32m  OK  \x1b[0m] Mounted \x1b[0;1;39msysroot.mount\x1b[0m.\r\n",
      "[  OK  ] Mounted sysroot.mount.",
    ],
    ["a window title", "\x1b]0;root@netroot: ~\x07prompt\r\n", "prompt"],
    ["a title that ends the other way", "\x1b]0;title\x1b\\prompt\n", "prompt"],
    ["a character set", "\x1b(Btext\n", "text"],
    ["a sequence that another one interrupts", "\x1b[0;\x1b[1mtext\n", "text"],
    ["a private mode", "\x1b[?2004htext\n", "text"],
    ["a correction", "lsx\b \b\n", "ls"],
  ])("are plain text: %s", (_name, text, line) => {
    expect(linesOf(text).lines).toEqual([line]);
  });

  it("end at a bare carriage return, and empty ones are none", () => {
    expect(linesOf("\rINIT: version 3.06 booting\r\r\n\r\nnext\r\n").lines).toEqual([
      "INIT: version 3.06 booting",
      "next",
    ]);
  });

  it("show the one under way", () => {
    expect(linesOf("one\r\nroot@netroot:~# ")).toEqual({ lines: ["one"], partial: "root@netroot:~# " });
  });

  it("are cut where they would fill the memory", () => {
    const { lines, partial } = linesOf("x".repeat(100_000));
    expect(lines).toEqual([]);
    expect(partial.length).toBeLessThan(5000);
  });

  it("come out, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const lines: string[] = [];
        const console = new ConsoleLines((line) => lines.push(line));
        for (const byte of bytes) console.push(byte);
        // A terminator of everything that may be open, then a line of its own.
        for (const character of "\x07\x1b\\\nplain\n") console.push(character.charCodeAt(0));
        expect(lines.at(-1)).toBe("plain");
        for (const line of lines) expect(Math.min(...codes(line))).toBeGreaterThanOrEqual(0x20);
      }),
    );
  });
});
