import { expect, test } from "vitest";
import { SerialLog } from "./serial-log.ts";

test("text is the same however its bytes are split", () => {
  const log = new SerialLog();
  for (const byte of new TextEncoder().encode("grüße ✓\r\n")) log.append(Uint8Array.of(byte));
  expect(log.text()).toBe("grüße ✓\r\n");
});

test("the newest 2 Mi characters are kept, and what was dropped is counted", () => {
  const log = new SerialLog();
  const line = new TextEncoder().encode(`${"x".repeat(1023)}\n`);
  for (let i = 0; i < 5000; i++) log.append(line);
  log.append(new TextEncoder().encode("end"));
  expect(log.text()).toHaveLength(2 * 1024 * 1024);
  expect(log.text().endsWith("x\nend")).toBe(true);
  expect(log.dropped).toBe(5000 * 1024 + 3 - 2 * 1024 * 1024);
});

test("a new boot begins an empty log", () => {
  const log = new SerialLog();
  log.append(Uint8Array.of(0xc3));
  log.clear();
  log.append(Uint8Array.of(0x41));
  expect(log.text()).toBe("A");
});
