import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

test("values are counted by powers of two, what is too small or too large at the ends", () => {
  const histogram = new Histogram(512, 4);
  for (const value of [0, 512, 1023, 1024, 4095, 4096, 1e9]) histogram.add(value);
  expect(histogram.bins).toEqual([
    { from: 512, count: 3 },
    { from: 1024, count: 1 },
    { from: 2048, count: 1 },
    { from: 4096, count: 2 },
  ]);
});
