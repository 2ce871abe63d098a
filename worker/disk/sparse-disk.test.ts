import fc from "fast-check";
import { expect, it } from "vitest";
import { DiskError } from "./disk.ts";
import { CLUSTER_BYTES, SparseDisk } from "./sparse-disk.ts";
import { VolatileMedium } from "./testing/volatile-medium.ts";

const CLUSTERS = 6;
const SIZE = CLUSTERS * CLUSTER_BYTES;
const SECTOR = 512;
const SECTORS = SIZE / SECTOR;

type Step =
  | { readonly kind: "flush" | "reopen" }
  | { readonly kind: "write"; sector: number; count: number; value: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      sector: fc.integer({ min: 0, max: SECTORS - 1 }),
      count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 100, max: 300 })),
      value: fc.integer({ min: 0, max: 255 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "flush" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

/** What each sector may hold: the flushed value, and all that was written after it. */
class Model {
  readonly #possible = Array.from({ length: SECTORS }, () => [0]);

  write(sector: number, count: number, value: number): void {
    for (let at = sector; at < sector + count; at += 1) this.#possible[at]!.push(value);
  }

  flushed(): void {
    for (const values of this.#possible) values.splice(0, values.length - 1);
  }

  now(sector: number): number {
    return this.#possible[sector]!.at(-1)!;
  }

  allows(sector: number, value: number): boolean {
    return this.#possible[sector]!.includes(value);
  }
}

function emptyDisk(): { medium: VolatileMedium; disk: SparseDisk } {
  const medium = new VolatileMedium();
  const disk = SparseDisk.create(medium, SIZE);
  disk.flush();
  return { medium, disk };
}

function bytesOf(disk: SparseDisk): Uint8Array {
  const all = new Uint8Array(disk.sizeBytes);
  disk.read(0, all);
  return all;
}

function play(step: Step, disk: SparseDisk, medium: VolatileMedium, model: Model): SparseDisk {
  if (step.kind === "write") {
    const count = Math.min(step.count, SECTORS - step.sector);
    // Said before it is done: a power cut in the middle leaves some of it.
    model.write(step.sector, count, step.value);
    disk.write(step.sector * SECTOR, new Uint8Array(count * SECTOR).fill(step.value));
    return disk;
  }
  disk.flush();
  model.flushed();
  return step.kind === "reopen" ? SparseDisk.open(medium) : disk;
}

it("reads what was written, whatever was written before, and after it was opened again", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { medium, disk: first } = emptyDisk();
      const model = new Model();
      const disk = steps.reduce((disk, step) => play(step, disk, medium, model), first);
      const all = bytesOf(disk);
      for (let sector = 0; sector < SECTORS; sector += 1)
        expect(all[sector * SECTOR]).toBe(model.now(sector));
    }),
    { numRuns: 60 },
  );
});

it("keeps what was flushed and tears no sector, at whichever write the power goes", () => {
  const random = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }));
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.nat({ max: 60 }),
      random,
      (steps, when, numbers) => {
        const { medium, disk: first } = emptyDisk();
        const model = new Model();
        const cutAt = medium.operations + 1 + when;
        medium.before = (operation) => {
          if (operation === cutAt) throw new Error("the power is gone");
        };
        let disk = first;
        try {
          for (const step of steps) disk = play(step, disk, medium, model);
        } catch (error) {
          expect(error).toBeInstanceOf(DiskError);
        }
        const after = SparseDisk.open(new VolatileMedium(medium.cut(() => numbers.next().value!)));
        const all = bytesOf(after);
        for (let sector = 0; sector < SECTORS; sector += 1) {
          const content = all.subarray(sector * SECTOR, (sector + 1) * SECTOR);
          expect(content.every((byte) => byte === content[0])).toBe(true);
          expect(model.allows(sector, content[0]!), `sector ${sector} holds ${content[0]}`).toBe(true);
        }
      },
    ),
    { numRuns: 150 },
  );
});

it("takes room for what was written, and none for zeros", () => {
  const { disk, medium } = emptyDisk();
  expect(disk.usedBytes()).toBe(0);
  disk.write(0, new Uint8Array(3 * CLUSTER_BYTES));
  expect(disk.usedBytes()).toBe(0);
  disk.write(2 * CLUSTER_BYTES - 1, Uint8Array.of(1, 1));
  expect(disk.usedBytes()).toBe(2 * CLUSTER_BYTES);
  expect(disk.isEmpty(0, CLUSTER_BYTES)).toBe(true);
  expect(disk.isEmpty(0, CLUSTER_BYTES + 1)).toBe(false);
  expect(disk.unsynced).toBe(true);
  disk.close();
  expect(medium.closed).toBe(true);
  expect(SparseDisk.open(medium).usedBytes()).toBe(2 * CLUSTER_BYTES);
});

it("says that there is no room, damages nothing, and goes on when there is room again", () => {
  const { disk, medium } = emptyDisk();
  disk.write(0, Uint8Array.of(1));
  let full = true;
  const write = medium.write.bind(medium);
  medium.write = (at, bytes) => {
    if (!full) return write(at, bytes);
    // A browser may have written some of it by then.
    write(at, bytes.subarray(0, bytes.length >> 1));
    throw Object.assign(new Error("no more"), { name: "QuotaExceededError" });
  };
  const filled = new Uint8Array(1024).fill(7);
  expect(() => disk.write(CLUSTER_BYTES, filled)).toThrow(expect.objectContaining({ code: "full" }));
  full = false;
  disk.write(2 * CLUSTER_BYTES + 4096, Uint8Array.of(9));
  disk.flush();
  const all = bytesOf(SparseDisk.open(medium));
  expect(all.indexOf(7)).toBe(-1);
  expect([all[0], all[2 * CLUSTER_BYTES + 4096]]).toEqual([1, 9]);
  expect(all.filter((byte) => byte !== 0)).toHaveLength(2);
});

it("opens no file that is none, and says why", () => {
  const { medium, disk } = emptyDisk();
  disk.write(0, Uint8Array.of(1));
  disk.write(CLUSTER_BYTES, Uint8Array.of(1));
  disk.flush();
  const good = medium.cut(() => 1);
  const table = 4096;
  const cases = [
    { file: new Uint8Array(0), why: /no header/ },
    { file: new Uint8Array(100_000), why: /no header/ },
    { file: good.with(16, 1), why: /another make/ },
    { file: good.slice(0, 5000), why: /cut off/ },
    { file: good.slice(0, CLUSTER_BYTES), why: /leads nowhere/ },
    { file: good.with(table, 2), why: /leads nowhere/ },
    { file: good.with(table + 2, 9), why: /leads nowhere/ },
  ];
  for (const { file, why } of cases)
    expect(() => SparseDisk.open(new VolatileMedium(file))).toThrow(
      expect.objectContaining({ code: "damaged", message: expect.stringMatching(why) }),
    );
});
