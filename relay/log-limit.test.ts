import { expect, test, vi } from "vitest";
import { createLogger } from "./log.ts";
import { limitLog } from "./log-limit.ts";

function lab(linesPerSecond: number, linesOfAllPerSecond = 1000) {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const counters = { leftOut: 0 };
  const logger = createLogger({ level: "debug", write: (line) => lines.push(line.slice(9).trimEnd()) });
  const limited = limitLog(logger, { linesPerSecond, linesOfAllPerSecond, counters, now: () => clock.nowMs });
  return { lines, clock, counters, logger: limited };
}

test("lines over the limit are left out and counted, at the worst level among them", () => {
  const { lines, clock, logger } = lab(2);
  for (let line = 1; line <= 4; line++) logger.info(`line ${line}`);
  logger.error("line 5");
  clock.nowMs += 500;
  logger.info("line 6");
  expect(lines).toEqual(["info  line 1", "info  line 2", "error and 3 more lines", "info  line 6"]);
});

test("how many were left out is said even when nothing follows", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { lines, logger } = lab(1);
    for (let line = 1; line <= 1000; line++) logger.warn(`line ${line}`);
    await vi.runAllTimersAsync();
    expect(lines).toEqual(["warn  line 1", "warn  and 999 more lines"]);
  } finally {
    vi.useRealTimers();
  }
});

test("each client has its own", () => {
  const { lines, logger, counters } = lab(1);
  const [one, two] = [logger.child("client 1"), logger.child("client 2")];
  for (let line = 1; line <= 100; line++) one.info("again");
  two.info("here");
  expect(lines).toEqual(["info  client 1: again", "info  client 2: here"]);
  expect(counters.leftOut).toBe(99);
});

test("many clients together do not fill the disk, and each says later what it could not", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { lines, clock, logger, counters } = lab(5, 20);
    const clients = Array.from({ length: 100 }, (_, id) => logger.child(`client ${id + 1}`));
    for (const client of clients) client.info("here");
    expect(lines).toHaveLength(20);
    expect(counters.leftOut).toBe(80);
    clock.nowMs += 1000;
    clients[99]!.info("still here");
    expect(lines.slice(20)).toEqual(["info  client 100: and 1 more line", "info  client 100: still here"]);
    await vi.runAllTimersAsync();
    expect(lines).toHaveLength(20 + 2 + 79);
  } finally {
    vi.useRealTimers();
  }
});
