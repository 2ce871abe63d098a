import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { BootRecord } from "../boot/boot-record.ts";
import { Terminal } from "./terminal.ts";

function attached() {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    setRawMode(mode: boolean) {
      raw.push(mode);
      return input as never;
    },
  });
  const output = new PassThrough();
  const typed: string[] = [];
  const terminal = new Terminal({ input, output });
  terminal.attach((bytes) => typed.push(Buffer.from(bytes).toString()));
  return { terminal, input, output, typed, raw };
}

it("sends what is typed, up to the key that leaves, and gives the terminal back", async () => {
  const { terminal, input, typed, raw } = attached();
  const left = terminal.left(new BootRecord(() => {}), terminal.leaving);
  input.write("ls\r");
  input.write("\x03abc\x1dnot this");
  await left;
  terminal.close();
  expect(typed.join("")).toBe("ls\r\x03abc");
  expect(raw).toEqual([true, false]);
  expect([input.listenerCount("data"), input.isPaused()]).toEqual([0, true]);
});

it("ends with the input, and with the machine", async () => {
  const { terminal, input } = attached();
  input.end();
  await terminal.left(new BootRecord(() => {}), terminal.leaving);
  const other = attached();
  const record = new BootRecord(() => {});
  const left = other.terminal.left(record, other.terminal.leaving);
  record.take([{ type: "power", state: "running" }]);
  record.take([{ type: "power", state: "off" }]);
  await left;
  other.terminal.close();
});

it("shows what the guest says", () => {
  const { terminal, output } = attached();
  terminal.write(Buffer.from("login: "));
  terminal.close();
  expect(output.read().toString()).toContain("Ctrl-] leaves it]\r\nlogin: ");
});
