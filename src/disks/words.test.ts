import { expect, it } from "vitest";
import { diskFacts, diskStateText, persistenceText } from "./words.ts";

const disk = { name: "work", sizeBytes: 2_147_483_648, usedBytes: 3_000_000, busy: false };

it("says what is known of a disk", () => {
  expect(diskFacts(disk)).toBe("3.00 MB used of 2.15 GB, laid over no export yet.");
  expect(diskFacts({ ...disk, over: "kisroot", busy: true })).toBe(
    "3.00 MB used of 2.15 GB, laid over kisroot, in use now.",
  );
  expect(diskFacts({ ...disk, damaged: "It is none." })).toBe("3.00 MB. It is none.");
});

it("says whether the machine's disk is synced", () => {
  expect(diskStateText({ ...disk, unsynced: true })).toContain("not synced yet");
  expect(diskStateText({ ...disk, unsynced: false })).toContain("all synced");
});

it("says whether the browser keeps it", () => {
  const words = [persistenceText(true, true), persistenceText(false, true), persistenceText(false, false)];
  expect(new Set(words).size).toBe(3);
});
