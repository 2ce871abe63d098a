import { expect, it } from "vitest";
import { createLogger } from "./log.ts";

const NOON = new Date(2026, 0, 1, 12, 34, 56).getTime();

function record(level?: "debug" | "warn") {
  const lines: string[] = [];
  const options = { write: (line: string) => void lines.push(line), now: () => NOON };
  return { lines, logger: createLogger(level === undefined ? options : { ...options, level }) };
}

it("writes one line a message, with the time, the level and who it is about", () => {
  const { lines, logger } = record();
  logger.info("serving");
  logger.child("client 3").child("dhcp").warn("no address left");
  expect(lines).toEqual(["12:34:56 info  serving\n", "12:34:56 warn  client 3: dhcp: no address left\n"]);
});

it("leaves out what is below its level", () => {
  const { lines, logger } = record("warn");
  logger.debug("a");
  logger.info("b");
  logger.child("c").error("d");
  expect(lines).toEqual(["12:34:56 error c: d\n"]);
});

it("lets nobody who is quoted in a message forge a line, or fill the disk", () => {
  const { lines, logger } = record();
  logger.info("from a guest: \u001b[2J\r\n12:34:56 error all is lost");
  logger.info("x".repeat(100_000));
  expect(lines[0]).toBe("12:34:56 info  from a guest:  [2J 12:34:56 error all is lost\n");
  expect(lines[1]!.length).toBeLessThan(1100);
});

it("writes an object a line where a program reads it", () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ format: "json", write, now: () => NOON });
  logger.info("serving");
  logger.child("client 3", { client: 3 }).child("dhcp").warn('no "address"\nleft');
  const time = new Date(NOON).toISOString();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time, level: "info", message: "serving" },
    { time, level: "warn", client: 3, subject: "client 3: dhcp", message: 'no "address" left' },
  ]);
  expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
});
