// What ATA over Ethernet does here: our target next to the real vblade, and the root in a guest next to NBD, at MTUs of 1500 and
// 9000, in turns. As root, since it makes a tap: `node --import tsx bench/aoe/main.ts [--json]`.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isolate } from "../isolate.ts";
import { alignRows, median } from "../report.ts";
import type { Throughput } from "../throughput.ts";
import { ENTRIES, type Protocol, readInGuest } from "./guests.ts";
import { CONTENDERS, type Contender, copyTree } from "./targets.ts";

const USAGE = `Usage: npm run bench:aoe -- [OPTION]...

  --tree DIRECTORY  the boot tree (.netroot)
  --runs N          how often a target is read, in turns; the median counts (3)
  --mtu N,N         of the segment (1500,9000)
  --no-guest        only the targets: no machine is booted
  --json            print JSON instead of tables
`;
const IMAGE = "kisroot.squashfs";

interface TargetRow {
  readonly mtu: number;
  readonly contender: Contender;
  readonly megabytesPerSecond: number;
}

interface GuestRow extends Throughput {
  readonly mtu: number;
  readonly protocol: Protocol;
}

const { values } = parseArgs({
  options: {
    tree: { type: "string", default: ".netroot" },
    runs: { type: "string", default: "3" },
    mtu: { type: "string", default: "1500,9000" },
    "no-guest": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const say = (text: string) => void process.stderr.write(text);

if (values.help) process.stdout.write(USAGE);
else {
  const exitCode = await isolate();
  if (exitCode !== undefined) process.exitCode = exitCode;
  else await run();
}

async function run(): Promise<void> {
  const mtus = values.mtu.split(",").map(Number);
  const copy = await copyTree(values.tree);
  try {
    const targets = await readTargets(copy.tree, mtus);
    const guests = values["no-guest"] ? [] : await readGuests(copy.tree, mtus);
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
    const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
    if (values.json) process.stdout.write(`${JSON.stringify({ targets, guests, machine, commit })}\n`);
    else process.stdout.write(`${targetTable(targets)}\n${guests.length > 0 ? guestTable(guests) : ""}`);
  } finally {
    await copy.close();
  }
}

async function readTargets(tree: string, mtus: readonly number[]): Promise<readonly TargetRow[]> {
  const file = join(tree, "exports", IMAGE);
  const mebibytes = Math.floor(statSync(file).size / (1 << 20));
  const right = createHash("sha256")
    .update(readFileSync(file).subarray(0, mebibytes << 20))
    .digest("hex");
  const rows: TargetRow[] = [];
  for (const mtu of mtus) {
    const rates = new Map<Contender, number[]>();
    for (let turn = 1; turn <= Number(values.runs); turn++) {
      for (const { name, read } of CONTENDERS) {
        say(`MTU ${mtu}, ${name} … `);
        const reading = await read({ tree, image: IMAGE, mebibytes, mtu });
        if (reading.sha256 !== right) throw new Error(`MTU ${mtu}, ${name}: the bytes are not the image's.`);
        say(`${reading.megabytesPerSecond.toFixed(0)} MB/s, ${reading.sectors} sectors a frame, `);
        say(`${reading.again} requests sent again\n`);
        rates.set(name, [...(rates.get(name) ?? []), reading.megabytesPerSecond]);
      }
    }
    for (const [contender, all] of rates) rows.push({ mtu, contender, megabytesPerSecond: median(all) });
  }
  return rows;
}

async function readGuests(tree: string, mtus: readonly number[]): Promise<readonly GuestRow[]> {
  const rows: GuestRow[] = [];
  for (const mtu of mtus) {
    for (const protocol of Object.keys(ENTRIES) as Protocol[]) {
      say(`MTU ${mtu}, in a guest over ${protocol} … `);
      const read = await readInGuest(tree, protocol, mtu);
      say(`${read.coldMBps.toFixed(1)} MB/s cold, ${read.warmMBps.toFixed(1)} MB/s warm\n`);
      rows.push({ mtu, protocol, ...read });
    }
  }
  return rows;
}

/** The second of a pair is vblade, as the last is: each of ours is over the vblade that follows it. */
function targetTable(rows: readonly TargetRow[]): string {
  return alignRows([
    ["MTU", "read", "MB/s", "over vblade's"],
    ...rows.map(({ mtu, contender, megabytesPerSecond }, at) => {
      const vblade = contender.includes("vblade") ? undefined : rows[at + 1]!.megabytesPerSecond;
      const ratio = vblade === undefined ? "–" : `${(megabytesPerSecond / vblade).toFixed(2)} ×`;
      return [String(mtu), contender, megabytesPerSecond.toFixed(1), ratio];
    }),
  ]);
}

function guestTable(rows: readonly GuestRow[]): string {
  return alignRows([
    ["MTU", "root in a guest over", "MB/s cold", "MB/s warm"],
    ...rows.map(({ mtu, protocol, coldMBps, warmMBps }) => [
      String(mtu),
      protocol,
      coldMBps.toFixed(1),
      warmMBps.toFixed(1),
    ]),
  ]);
}
