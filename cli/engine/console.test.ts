import { describe, expect, it } from "vitest";
import { Console } from "./console.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A shell as its terminal shows it: it echoes what is typed, then runs it and asks again. */
function setUp(runs: (line: string) => { output: string; status: number }) {
  const typed: string[] = [];
  const console = new Console({
    send: (sent) => {
      const line = new TextDecoder().decode(sent);
      typed.push(line);
      const [, mark = "", command = ""] = /'(netroot-\d+)''-begin'; eval '(.*)'; printf/s.exec(line) ?? [];
      const { output, status } = runs(command.replaceAll("'\\''", "'"));
      // readline breaks its echo where the line of the terminal ends.
      const echo = (line.match(/.{1,80}/gs) ?? []).join(" \r");
      const printed = `${echo}\r\n${mark}-begin:\r\n${output}\r\n${mark}-end:${status}\r\nroot@netroot:~# `;
      for (const byte of bytes(printed)) console.receive(Uint8Array.of(byte));
    },
  });
  console.receive(bytes("boot messages\r\nroot@netroot:~# "));
  return { console, typed };
}

describe("the console", () => {
  it("finds what was printed before, and what comes later", async () => {
    const { console } = setUp(() => ({ output: "", status: 0 }));
    expect((await console.waitFor(/boot (\w+)/))[1]).toBe("messages");
    const later = console.waitFor(/late/, { from: console.position });
    console.receive(bytes("la"));
    console.receive(bytes("te\r\n"));
    await later;
  });

  it("gives up when it is told to, and when the machine goes", async () => {
    const { console } = setUp(() => ({ output: "", status: 0 }));
    const abort = new AbortController();
    const waiting = console.waitFor(/never/, { signal: abort.signal });
    const other = console.waitFor(/never either/);
    abort.abort();
    await expect(waiting).rejects.toThrow("gave up waiting for /never/");
    console.close("the machine was switched off");
    await expect(other).rejects.toThrow("switched off");
    await expect(console.waitFor(/boot/)).rejects.toThrow("switched off");
  });

  it("returns a command's output and status, without echo and prompt", async () => {
    const { console } = setUp((command) => ({ output: `ran ${command}\r\nsecond line`, status: 3 }));
    expect(await console.run("echo 'it''s' # fine")).toEqual({
      status: 3,
      output: "ran echo 'it''s' # fine\nsecond line",
    });
    expect(await console.run("true")).toEqual({ status: 3, output: "ran true\nsecond line" });
  });

  it("keeps so much and no more, and its positions stay true", async () => {
    const console = new Console({ send: () => {}, maxCharacters: 100 });
    for (let line = 0; line < 100; line++) console.receive(bytes(`line ${line}\r\n`));
    expect(console.text.length).toBeLessThanOrEqual(100);
    const from = console.position;
    console.receive(bytes("line 7\r\n"));
    expect((await console.waitFor(/line \d+/, { from }))[0]).toBe("line 7");
  });
});
