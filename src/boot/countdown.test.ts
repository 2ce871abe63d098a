import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Countdown } from "./countdown.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function start(durationMs: number) {
  const heard: (number | "end")[] = [];
  const countdown = new Countdown({
    durationMs,
    onSeconds: (seconds) => heard.push(seconds),
    onEnd: () => heard.push("end"),
  });
  return { countdown, heard };
}

test("every second is said once, and the end last", () => {
  const { heard } = start(2500);
  vi.advanceTimersByTime(60_000);
  expect(heard).toEqual([3, 2, 1, "end"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a countdown that was stopped says nothing more", () => {
  const { heard, countdown } = start(5000);
  vi.advanceTimersByTime(1500);
  countdown.stop();
  vi.advanceTimersByTime(60_000);
  expect(heard).toEqual([5, 4]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a clock that jumped, as in a tab that slept, ends it at once", () => {
  let nowMs = 0;
  const ended = vi.fn();
  new Countdown({ durationMs: 60_000, onSeconds: () => {}, onEnd: ended, now: () => nowMs });
  nowMs = 100_000;
  vi.advanceTimersByTime(100);
  expect(ended).toHaveBeenCalledTimes(1);
});
