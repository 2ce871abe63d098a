// What a guest gets of its disk: ours in a sparse file under Node, raw and in the browser's format, next to the disk that v86 keeps in
// memory, in turns in one run: `npm run bench:disk [-- --json] [--runs N]`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { NodeFile } from "../../cli/disk/node-file.ts";
import { bareGuestOptions, startBareGuest } from "../../cli/disk/testing/bare-guest.ts";
import { programEntry, writeNewc } from "../../cli/smoke/testing/newc.ts";
import type { Disk } from "../../worker/disk/disk.ts";
import { RawDisk } from "../../worker/disk/raw-disk.ts";
import { SparseDisk } from "../../worker/disk/sparse-disk.ts";
import { HardDisk } from "../../worker/v86/hard-disk.ts";
import { alignRows, median } from "../report.ts";

const SIZE = 256 * 1024 ** 2;
const SEQUENTIAL_MIB = 64;
const RANDOM_BYTES = 4096 * 4096;
const TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));

const STEPS = ["sequential write", "sequential read", "random write", "random read"] as const;
type Step = (typeof STEPS)[number];

/** Each step twice: by its second time the guest's code is compiled, and each cluster of a sparse disk has its place. */
const PROGRAM = `#!/usr/bin/busybox sh
export PATH=/usr/bin:/usr/sbin
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
modprobe -a ata_piix sd_mod
while [ ! -b /dev/sda ]; do busybox sleep 0.1; done
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
busybox yes netroot | busybox head -c 16777216 > /data
step() { echo "BEGIN $1"; shift; "$@" 2> /dev/null || echo FAILED; echo "END"; }
write() { for at in 0 16 32 48; do dd if=/data of=/dev/sda bs=1M seek=$at oflag=direct conv=notrunc,fsync || return; done; }
for turn in 1 2; do
  step "${STEPS[0]}" write
  step "${STEPS[1]}" dd if=/dev/sda of=/dev/null bs=1M count=${SEQUENTIAL_MIB} iflag=direct
  step "${STEPS[2]}" /random-io w /dev/sda
  step "${STEPS[3]}" /random-io r /dev/sda
done
echo DONE
while :; do busybox sleep 9; done
`;

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3" }, json: { type: "boolean", default: false } },
});

const folder = mkdtempSync(join(tmpdir(), "netroot-bench-disk-"));

interface Contender {
  readonly name: string;
  open(path: string): Disk;
}

/** The first is what the others are measured against. */
const CONTENDERS: readonly Contender[] = [
  { name: "v86's own, in memory", open: inMemory },
  {
    name: "raw file (Node)",
    open(path) {
      const file = new NodeFile(path, "create");
      file.truncate(SIZE);
      return new RawDisk(file, () => file.allocated());
    },
  },
  {
    name: "the browser's format, in a file",
    open: (path) => SparseDisk.create(new NodeFile(path, "create"), SIZE),
  },
];

try {
  await run();
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);

async function run(): Promise<void> {
  const rates = new Map<string, Map<Step, number[]>>();
  for (let turn = 1; turn <= Number(values.runs); turn += 1) {
    for (const contender of CONTENDERS) {
      process.stderr.write(`${turn}/${values.runs} ${contender.name}\n`);
      const seen = rates.get(contender.name) ?? new Map<Step, number[]>();
      rates.set(contender.name, seen);
      for (const [step, rate] of await measure(contender, turn))
        seen.set(step, [...(seen.get(step) ?? []), rate]);
    }
  }
  const rows = CONTENDERS.map(({ name }) => ({
    name,
    megabytesPerSecond: STEPS.map((step) => median(rates.get(name)!.get(step)!)),
  }));
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ steps: STEPS, rows })}\n`);
    return;
  }
  const [reference] = rows;
  const table = rows.map(({ name, megabytesPerSecond }) => [
    name,
    ...megabytesPerSecond.map((rate, index) => {
      const ratio = rate / reference!.megabytesPerSecond[index]!;
      return `${rate.toFixed(1)} MB/s (${ratio.toFixed(2)})`;
    }),
  ]);
  process.stdout.write(`${alignRows([["", ...STEPS], ...table])}\n`);
}

/** The second time of each step, in MB/s of real time. */
async function measure(contender: Contender, turn: number): Promise<Map<Step, number>> {
  const disk = contender.open(join(folder, `${turn}-${contender.name.replace(/\W+/g, "-")}`));
  const options = await bareGuestOptions(
    TREE,
    "rdinit=/bench",
    writeNewc([programEntry("bench", PROGRAM), programEntry("random-io", randomIo())]),
  );
  const guest = await startBareGuest({ ...options, disk });
  const marks: { readonly text: string; readonly atMs: number }[] = [];
  let read = 0;
  const rates = new Map<Step, number>();
  guest.pc.run();
  await guest.until((console) => {
    for (let end = console.indexOf("\n", read); end >= 0; end = console.indexOf("\n", read)) {
      marks.push({ text: console.slice(read, end).trim(), atMs: performance.now() });
      read = end + 1;
    }
    if (marks.some(({ text }) => text === "FAILED"))
      throw new Error(`a step failed: ${console.slice(-1000)}`);
    return marks.at(-1)?.text === "DONE";
  });
  for (const [index, { text, atMs }] of marks.entries()) {
    const step = STEPS.find((each) => text === `BEGIN ${each}`);
    const end = marks[index + 1];
    if (step === undefined || end === undefined) continue;
    const bytes = step.startsWith("random") ? RANDOM_BYTES : SEQUENTIAL_MIB * 1024 ** 2;
    rates.set(step, bytes / 1e3 / (end.atMs - atMs));
  }
  await guest.pc.destroy();
  disk.close();
  return rates;
}

/** As v86 does it by itself (its SyncBuffer): no copies of what is read, no errors, and flushes that do nothing. */
function inMemory(): Disk {
  const bytes = new Uint8Array(SIZE);
  const disk: Disk = {
    sizeBytes: SIZE,
    unsynced: false,
    usedBytes: () => SIZE,
    read: (at, into) => into.set(bytes.subarray(at, at + into.length)),
    write: (at, written) => bytes.set(written, at),
    flush: () => {},
    close: () => {},
  };
  const { get, set } = HardDisk.prototype;
  HardDisk.prototype.get = (start, length, done) => done(bytes.subarray(start, start + length));
  HardDisk.prototype.set = (start, written, done) => {
    bytes.set(written, start);
    done();
  };
  return Object.assign(disk, {
    close() {
      Object.assign(HardDisk.prototype, { get, set });
    },
  });
}

function randomIo(): Buffer {
  const path = join(folder, "random-io");
  const source = fileURLToPath(new URL("random-io.c", import.meta.url));
  const flags = "-m32 -Os -nostdlib -static -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -w";
  execFileSync("gcc", [...flags.split(" "), "-Wl,--no-warnings", "-o", path, source]);
  return readFileSync(path);
}
