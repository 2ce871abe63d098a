import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { formatExt4 } from "../../../worker/disk/ext4/format.ts";
import { SparseDisk } from "../../../worker/disk/sparse-disk.ts";
import { writeRawImage } from "../../../worker/disk/testing/raw-image.ts";
import { VolatileMedium } from "../../../worker/disk/testing/volatile-medium.ts";
import { decompressedKernel } from "../../../worker/kernel/decompressed-kernel.ts";
import { buildPc, type Pc, type PcHandlers, type PcOptions } from "../../../worker/v86/pc.ts";
import { nodePlatform } from "../../engine/node-platform.ts";
import { NodeFile } from "../node-file.ts";
import { KEPT, lastSynced, READY, recordOf, WRITER_INIT, writerInitrd } from "./writer-initrd.ts";

const run = promisify(execFile);
const DISK_BYTES = 256 * 1024 ** 2;
const MEMORY_MIB = 192;
/** Only ends what hangs. */
const PATIENCE_MS = 60_000;
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
  const options = await pcOptions(tree);
  let content = formatted();
  const state = await bootedState(options, content);
  /** What fsync has acknowledged, over all cuts. */
  const acknowledged: number[] = [];
  let next = 1;
  for (let cut = 0; cut < cuts; cut += 1) {
    const medium = new VolatileMedium(content);
    const writer = await startWriter({ ...options, disk: SparseDisk.open(medium) });
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

async function pcOptions(tree: string): Promise<Omit<PcOptions, "disk">> {
  const file = async (path: string) => new Uint8Array(await readFile(join(tree, path)));
  const append = `${WRITER_INIT} console=ttyS0 quiet nokaslr noisapnp cryptomgr.notests mitigations=off`;
  const kernel = await file("tftpboot/boot/linux");
  const own = await file("tftpboot/boot/initrd");
  const writer = writerInitrd();
  const initrd = new Uint8Array(Math.ceil(own.length / 4) * 4 + writer.length);
  initrd.set(own);
  initrd.set(writer, Math.ceil(own.length / 4) * 4);
  return {
    emulator: new Uint8Array(await readFile(createRequire(import.meta.url).resolve("v86/build/v86.wasm"))),
    bios: await file("firmware/bios.bin"),
    vgaBios: await file("firmware/vgabios.bin"),
    kernel: (await decompressedKernel(kernel, append)) ?? kernel,
    initrd,
    append,
    memoryMiB: MEMORY_MIB,
    nic: { type: "virtio" },
  };
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
  const writer = await startWriter({ ...options, disk: SparseDisk.open(new VolatileMedium(content)) });
  writer.pc.run();
  await writer.until((console) => console.includes(READY));
  await writer.pc.pause();
  const state = await writer.pc.save();
  await writer.pc.destroy();
  return state;
}

interface Writer {
  readonly pc: Pc;
  readonly console: string;
  say(line: string): void;
  /** Resolves between two slices of guest time. */
  until(condition: (console: string) => boolean): Promise<void>;
}

async function startWriter(options: PcOptions): Promise<Writer> {
  let console = "";
  let look = () => {};
  let failed: (error: unknown) => void = () => {};
  const nothing = () => {};
  const handlers: PcHandlers = {
    serial: (byte) => {
      console += String.fromCharCode(byte);
    },
    tick: () => look(),
    crashed: (error) => failed(error),
    diskFailed: (error) => failed(error),
    halted: () => failed(new Error("the guest has halted")),
    reboot: () => failed(new Error(`the guest restarts: ${console.slice(-2000)}`)),
    frame: nothing,
    character: nothing,
    cursor: nothing,
    cursorVisible: nothing,
    screenSize: nothing,
    diskChanged: nothing,
  };
  const { openTurns, after, clock } = nodePlatform;
  const pc = await buildPc(options, handlers, openTurns(), after, clock);
  return {
    pc,
    get console() {
      return console;
    },
    say: (line) => pc.uart.receive(Buffer.from(line)),
    until(condition) {
      return new Promise((resolve, reject) => {
        const over = setTimeout(
          () => failed(new Error(`in vain; the console says: ${console.slice(-2000)}`)),
          PATIENCE_MS,
        );
        failed = (error) => {
          clearTimeout(over);
          reject(error);
        };
        look = () => {
          if (!condition(console)) return;
          look = nothing;
          clearTimeout(over);
          resolve();
        };
      });
    },
  };
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
