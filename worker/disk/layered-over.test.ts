import fc from "fast-check";
import { expect, it } from "vitest";
import { layeredOver, layOver, sameExport } from "./layered-over.ts";
import { CLUSTER_BYTES, SparseDisk } from "./sparse-disk.ts";
import { VolatileMedium } from "./testing/volatile-medium.ts";

const identity = fc.record({
  name: fc.string({ unit: "binary", maxLength: 200 }),
  sizeBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  sha256: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 }),
});

const emptyDisk = () => SparseDisk.create(new VolatileMedium(), CLUSTER_BYTES);

it("is remembered by the disk", () => {
  fc.assert(
    fc.property(identity, identity, (over, other) => {
      const disk = emptyDisk();
      expect(layeredOver(disk)).toBeUndefined();
      layOver(disk, other);
      layOver(disk, over);
      expect(disk.unsynced).toBe(false);
      expect(sameExport(layeredOver(disk)!, over)).toBe(true);
      expect(sameExport(over, { ...over, sizeBytes: over.sizeBytes + 1 })).toBe(false);
      expect(sameExport(over, { ...over, sha256: over.sha256.replace(/^./, "x") })).toBe(false);
      expect(sameExport(over, { ...over, name: `x${over.name}` })).toBe(over.name === `x${over.name}`);
    }),
  );
});

it("is nothing where something else is in the sector", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), fc.boolean(), (sector, marked) => {
      if (marked) new TextEncoder().encodeInto("netroot-layer-over ", sector);
      const disk = emptyDisk();
      disk.write(0, sector);
      expect(layeredOver(disk)).toBeUndefined();
    }),
  );
});
