import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { formatExt4 } from "../../../worker/disk/ext4/format.ts";
import { SparseDisk } from "../../../worker/disk/sparse-disk.ts";
import { writeRawImage } from "../../../worker/disk/testing/raw-image.ts";
import { VolatileMedium } from "../../../worker/disk/testing/volatile-medium.ts";
import type { PcOptions } from "../../../worker/v86/pc.ts";
import { NodeFile } from "../node-file.ts";
import { bareGuestOptions, startBareGuest } from "./bare-guest.ts";
import { KEPT, lastSynced, READY, recordOf, WRITER_INIT, writerInitrd } from "./writer-initrd.ts";

const run = promisify(execFile);
const DISK_BYTES = 256 * 1024 ** 2;
const LONGEST_MS = 3000;

export interface Cut {
  /** The first record that was written, and the last that fsync acknowledged before the power went. */
  readonly from: number;
  readonly synced: number;
  /** Writes and flushes of the disk's file that were done by then. */
  readonly operations: number;
}

export interface PowerCutOptions {
  readonly tree: string;
  readonly cuts: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onCut?: (cut: Cut) => void;
}

/**
 * Boots a real guest once; then, over and over, lets it go on from there with the disk that the last power cut left, cuts the power
 * at a random moment while it writes and fsyncs, and looks on the disk for every record that it was told is kept. Rejects where one is
 * missing or torn, or e2fsck finds fault after the journal was replayed.
 */
export async function cutPower({ tree, cuts, random, onCut }: PowerCutOptions): Promise<void> {
  const options = await bareGuestOptions(tree, WRITER_INIT, writerInitrd());
  let content = formatted();
  const state = await bootedState(options, content);
  /** What fsync has acknowledged, over all cuts. */
  const acknowledged: number[] = [];
  let next = 1;
  for (let cut = 0; cut < cuts; cut += 1) {
    const medium = new VolatileMedium(content);
    const writer = await startBareGuest({ ...options, disk: SparseDisk.open(medium) });
    await writer.pc.restore(state);
    writer.pc.run();
    writer.say(`${next}\n`);
    // A few records, and then a moment that nobody chose.
    await writer.until((console) => (lastSynced(console) ?? 0) >= next + 1);
    const moment = medium.operations + Math.floor(random() * 60);
    const endMs = performance.now() + random() * LONGEST_MS;
    await writer.until(() => medium.operations >= moment && performance.now() >= endMs);
    // Between two slices of guest time: what the console has said by now, the guest knew.
    const synced = lastSynced(writer.console)!;
    content = medium.cut(random);
    const { operations } = medium;
    await writer.pc.destroy();
    for (let number = next; number <= synced; number += 1) acknowledged.push(number);
    // The guest was about to delete what is older, or has.
    await check(
      content,
      acknowledged.filter((number) => number > synced + 2 - KEPT),
    );
    onCut?.({ from: next, synced, operations });
    next = synced + 2;
  }
}

function formatted(): Uint8Array<ArrayBuffer> {
  const medium = new VolatileMedium();
  const disk = SparseDisk.create(medium, DISK_BYTES);
  formatExt4(disk, { uuid: crypto.getRandomValues(new Uint8Array(16)), timeMs: Date.now() });
  disk.flush();
  return medium.cut(() => 0);
}

/** Of a machine that waits for its first number, and has not mounted the disk yet. */
async function bootedState(
  options: Omit<PcOptions, "disk">,
  content: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = await startBareGuest({ ...options, disk: SparseDisk.open(new VolatileMedium(content)) });
  writer.pc.run();
  await writer.until((console) => console.includes(READY));
  await writer.pc.pause();
  const state = await writer.pc.save();
  await writer.pc.destroy();
  return state;
}

async function check(content: Uint8Array<ArrayBuffer>, numbers: readonly number[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-cut-"));
  try {
    const image = join(folder, "image");
    const file = new NodeFile(image, "create");
    writeRawImage(SparseDisk.open(new VolatileMedium(content)), file);
    file.close();
    await run("/sbin/e2fsck", ["-E", "journal_only", "-p", image]).catch((error) => {
      // 1: it has replayed the journal.
      if (error.code !== 1) throw error;
    });
    await run("/sbin/e2fsck", ["-fn", image]);
    await run("/sbin/debugfs", ["-R", `rdump /r ${folder}`, image]);
    const there = new Set(await readdir(join(folder, "r")));
    for (const number of numbers) {
      if (!there.has(String(number))) throw new Error(`record ${number} was acknowledged and is missing`);
      const record = await readFile(join(folder, "r", String(number)), "utf8");
      if (record !== recordOf(number))
        throw new Error(`record ${number} is torn: it has ${record.length} characters`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
