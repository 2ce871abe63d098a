import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LeasePoolState } from "../../net/dhcp/lease-pool.ts";
import { createLogger } from "../log.ts";
import { LeaseFile } from "./lease-file.ts";

const DAY_MS = 24 * 3600 * 1000;
const LEASE = { mac: 0x020000000001, address: 0x0a560064 } as const;
const bound = (remainingMs: number): LeasePoolState => ({
  leases: [{ ...LEASE, state: "bound", remainingMs }],
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "netroot-lease-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function open(atMs = 0, path = join(directory, "state", "leases.json")) {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => lines.push(line) });
  const file = await LeaseFile.open({ path, logger, longestMs: DAY_MS, now: () => atMs });
  return { file, lines, path };
}

/** What a later start makes of a file with this text. */
async function openText(text: string) {
  const path = join(directory, "leases.json");
  writeFileSync(path, text);
  return open(0, path);
}

describe("the lease file", () => {
  it("gives a later start the leases, less the time that went by", async () => {
    const { file } = await open(1000);
    const leases: LeasePoolState = {
      leases: [
        { ...LEASE, state: "bound", remainingMs: 50_000 },
        { ...LEASE, mac: 0x020000000002, address: LEASE.address + 1, state: "released", remainingMs: 0 },
        { address: LEASE.address + 2, state: "declined", remainingMs: 9000 },
        { ...LEASE, mac: 0x020000000003, address: LEASE.address + 3, state: "offered", remainingMs: 60_000 },
      ],
    };
    file.keep(() => leases);
    await file.close();
    const { file: later, lines } = await open(11_000);
    expect(later.restore()?.leases).toEqual([
      { ...leases.leases[0], remainingMs: 40_000 },
      leases.leases[1],
      { ...leases.leases[2], remainingMs: 0 },
    ]);
    expect(lines).toEqual([]);
  });

  it("gives the next network of the same start what the last one had, written or not", async () => {
    const { file } = await open();
    file.keep(() => bound(70));
    expect(file.restore()).toEqual(bound(70));
    await file.close();
  });

  it("holds the last of many changes, and leaves no half file behind", async () => {
    const { file, path } = await open();
    for (let change = 1; change <= 500; change++) {
      file.keep(() => bound(change * 1000));
      if (change % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await file.close();
    expect(JSON.parse(readFileSync(path, "utf8")).leases).toMatchObject([
      { expires: new Date(500_000).toISOString() },
    ]);
    expect(readdirSync(join(directory, "state"))).toEqual(["leases.json"]);
  });

  it("believes no lease that lasts longer than leases do: the machine's clock was wrong once", async () => {
    const { file } = await open(1000 * DAY_MS);
    file.keep(() => bound(DAY_MS));
    await file.close();
    expect((await open(0)).file.restore()).toEqual(bound(DAY_MS));
  });

  it("starts afresh with one warning when it is damaged, and is whole again after the next lease", async () => {
    const { file, path } = await open();
    file.keep(() => bound(5000));
    await file.close();
    const whole = readFileSync(path, "utf8");
    const entry = JSON.stringify(JSON.parse(whole).leases[0]);
    const damaged = [
      "",
      whole.slice(0, -10),
      whole.replace('"version":1', '"version":2'),
      whole.replace("10.86.0.100", "10.86.0.1000"),
      whole.replace("bound", "stolen"),
      whole.replace("02:00:", "02:"),
      `{"version":1,"leases":[${Array(1025).fill(entry).join(",")}]}`,
      `${whole}${" ".repeat(1024 * 1024)}`,
    ];
    for (const text of damaged) {
      const { file: fresh, lines, path: same } = await openText(text);
      expect(fresh.restore()).toEqual({ leases: [] });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain("every client is new");
      fresh.keep(() => bound(5000));
      await fresh.close();
      const { file: mended, lines: none } = await open(0, same);
      expect([mended.restore(), none]).toEqual([bound(5000), []]);
    }
  });

  it("never throws, whatever the file says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: "binary" })), async (text) => {
        const { file, lines } = await openText(text);
        expect(file.restore()).toEqual({ leases: [] });
        expect(lines).toHaveLength(1);
      }),
    );
  });

  it("warns once when it cannot be written, and is written as soon as it can be", async () => {
    // A file where its folder should be: root is stopped by that, too.
    const folder = join(directory, "state");
    writeFileSync(folder, "");
    const { file, lines, path } = await open();
    expect(lines).toHaveLength(1); // It cannot be read either.
    let attempts = 0;
    const attempt = async (expected: number) => {
      file.keep(() => {
        attempts++;
        return bound(1);
      });
      await vi.waitFor(() => expect(attempts).toBe(expected), { timeout: 30_000 });
    };
    await attempt(1);
    await attempt(2);
    await attempt(3); // By now the second has failed.
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain("Make the folder writable");
    rmSync(folder);
    await attempt(4);
    await file.close();
    expect(JSON.parse(readFileSync(path, "utf8")).leases).toHaveLength(1);
    expect(lines).toHaveLength(2);
  });
});
