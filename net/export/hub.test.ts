import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Export } from "./export.ts";
import { ExportError } from "./export.ts";
import { type BlockAccess, ExportHub } from "./hub.ts";

/** An export of 1000 bytes in memory; byte n is n modulo 256. */
function memory(overrides: Partial<Export> = {}): Export & { readonly bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
  return {
    bytes,
    name: "kisroot",
    sizeBytes: bytes.length,
    readOnly: false,
    description: "memory",
    read: async (offset, length) => bytes.slice(offset, offset + length),
    write: async (offset, data) => void bytes.set(data, offset),
    flush: async () => {},
    ...overrides,
  };
}

function hubOf(back: Export) {
  let now = 0;
  const hub = new ExportHub({ now: () => now });
  hub.add(back);
  const accesses: BlockAccess[] = [];
  hub.observe((access) => accesses.push(access));
  const pass = (ms: number) => {
    now += ms;
  };
  return { hub, found: hub.get("kisroot")!, accesses, pass, counters: () => hub.counters("kisroot")! };
}

describe("the hub", () => {
  it("knows its exports by name, each once", () => {
    const hub = new ExportHub();
    hub.add(memory());
    hub.add(memory({ name: "other" }));
    expect(hub.names()).toEqual(["kisroot", "other"]);
    expect(hub.get("nothing")).toBeUndefined();
    expect(hub.counters("nothing")).toBeUndefined();
    expect(() => hub.add(memory())).toThrow('There are two exports named "kisroot".');
  });

  it("counts what is read and written, with the time it took, and tells the observer", async () => {
    const { found, accesses, pass, counters } = hubOf(
      memory({
        read: async (_, length) => {
          pass(5);
          return new Uint8Array(length);
        },
        write: async () => pass(7),
      }),
    );
    await found.read(0, 100);
    await found.read(100, 50);
    await found.write!(10, new Uint8Array(20));
    expect(counters()).toEqual({
      reads: 2,
      readBytes: 150,
      readMs: 10,
      writes: 1,
      writtenBytes: 20,
      writeMs: 7,
      errors: 0,
      aheadReads: 0,
      aheadBytes: 0,
    });
    expect(accesses).toEqual([
      { name: "kisroot", write: false, offset: 0, length: 100, ms: 5 },
      { name: "kisroot", write: false, offset: 100, length: 50, ms: 5 },
      { name: "kisroot", write: true, offset: 10, length: 20, ms: 7 },
    ]);
  });

  it("counts what is read ahead apart, tells nobody of it, and lets it write nothing", async () => {
    const { hub, accesses, counters } = hubOf(memory());
    const ahead = hub.ahead.get("kisroot")!;
    expect(await ahead.read(2, 3)).toEqual(Uint8Array.of(2, 3, 4));
    expect(counters()).toMatchObject({ reads: 0, readBytes: 0, aheadReads: 1, aheadBytes: 3 });
    expect(accesses).toEqual([]);
    expect([ahead.readOnly, ahead.write, ahead.sizeBytes]).toEqual([true, undefined, 1000]);
    await expect(ahead.read(998, 3)).rejects.toMatchObject({ code: "EINVAL" });
    expect(hub.ahead.names()).toEqual(["kisroot"]);
    expect(hub.ahead.get("nothing")).toBeUndefined();
  });

  it("lets reads through that lie inside, and no other", async () => {
    const { found } = hubOf(memory());
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -10, max: 1010 }),
        fc.integer({ min: -10, max: 1010 }),
        async (offset, length) => {
          const inside = offset >= 0 && length >= 0 && offset + length <= 1000;
          const bytes = await found.read(offset, length).catch((error: unknown) => error);
          if (inside) expect(bytes).toEqual(Uint8Array.from({ length }, (_, index) => offset + index));
          else expect(bytes).toMatchObject({ name: "ExportError", code: "EINVAL" });
        },
      ),
    );
  });

  it.each([
    [Number.NaN, 1],
    [0.5, 1],
    [Number.MAX_SAFE_INTEGER, 2],
    [2 ** 60, 1],
    [0, Number.POSITIVE_INFINITY],
  ])("refuses a read at %d of %d", async (offset, length) => {
    const { found, counters } = hubOf(memory());
    await expect(found.read(offset, length)).rejects.toMatchObject({ code: "EINVAL" });
    expect(counters()).toMatchObject({ reads: 0, readBytes: 0, errors: 1 });
  });

  it("refuses writes beyond the end with ENOSPC, and changes nothing", async () => {
    const back = memory();
    const before = back.bytes.slice();
    const { found, counters } = hubOf(back);
    await expect(found.write!(990, new Uint8Array(11))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(back.bytes).toEqual(before);
    expect(counters()).toMatchObject({ writes: 0, writtenBytes: 0, errors: 1 });
  });

  it.each([
    ["says that it is read-only", { readOnly: true }],
    ["cannot write", { write: undefined }],
  ])("refuses writes to a back end that %s with EPERM, and changes nothing", async (_, how) => {
    const back = memory();
    const before = back.bytes.slice();
    const { found, accesses } = hubOf({ ...back, ...how } as Export);
    expect(found.readOnly).toBe(true);
    await expect(found.write!(0, new Uint8Array(10))).rejects.toMatchObject({
      code: "EPERM",
      message: 'The export "kisroot" is read-only.',
    });
    expect(back.bytes).toEqual(before);
    expect(accesses).toEqual([]);
  });

  it("passes errors of the back end on, and counts them", async () => {
    const failure = new ExportError("EIO", "The disk is broken.");
    const { found, counters } = hubOf(
      memory({
        read: () => Promise.reject(failure),
        flush: () => Promise.reject(failure),
      }),
    );
    await expect(found.read(0, 1)).rejects.toBe(failure);
    await expect(found.flush!()).rejects.toBe(failure);
    expect(counters().errors).toBe(2);
  });

  it("takes a read that is too short, or too long, for an error", async () => {
    for (const length of [9, 11]) {
      const { found, counters } = hubOf(memory({ read: async () => new Uint8Array(length) }));
      await expect(found.read(0, 10)).rejects.toMatchObject({ code: "EIO" });
      expect(counters()).toMatchObject({ reads: 0, errors: 1 });
    }
  });

  it("says of an export what its back end says now: a size is known once the server is there", () => {
    let sizeBytes = 0;
    const { found } = hubOf({
      ...memory(),
      get sizeBytes() {
        return sizeBytes;
      },
    });
    sizeBytes = 512;
    expect(found.sizeBytes).toBe(512);
    expect(found.description).toBe("memory");
  });
});
