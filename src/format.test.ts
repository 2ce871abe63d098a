import { expect, test } from "vitest";
import { formatBytes, formatDuration } from "./format.ts";

test("bytes are shown with three significant digits and decimal units", () => {
  expect(formatBytes(0)).toBe("0 B");
  expect(formatBytes(999)).toBe("999 B");
  expect(formatBytes(1000)).toBe("1.00 kB");
  expect(formatBytes(46_204_928)).toBe("46.2 MB");
  expect(formatBytes(99_960_000)).toBe("100 MB");
  expect(formatBytes(999_600)).toBe("1.00 MB");
  expect(formatBytes(2_500_000_000)).toBe("2.50 GB");
});

test("durations are seconds with a tenth, and minutes from two minutes on", () => {
  expect(formatDuration(0)).toBe("0.0 s");
  expect(formatDuration(41_230)).toBe("41.2 s");
  expect(formatDuration(187_000)).toBe("3:07 min");
});
