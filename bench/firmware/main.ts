// What it takes a machine's own firmware to bring kernel and initrd: power-on to the kernel's first line, of a direct boot, of
// iPXE with the script of the menu, and of pxelinux, under Node and in Chromium, in turns.
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type RunningRelay, startRelay } from "../../e2e/relay.ts";
import { ensurePage } from "../../setup/page.mjs";
import { BOOT } from "../boots.ts";
import { alignRows, medians, ratio, type Times } from "../report.ts";
import { type Contender, inTurns } from "../turns.ts";

const USAGE = `Usage: npm run bench:firmware -- [OPTION]...

  --tree DIRECTORY  the boot tree (.netroot)
  --runs N          boots of each kind, in turns; the median counts (3)
  --json            print JSON instead of a table
`;
const ENGINES = ["node", "chromium"] as const;
const MACHINE = { memoryMiB: 512, until: "kernel" } as const;
/** Which is not among them. */
const FOR_QEMU = { initrd: "", append: "" };
const FILES = ["boot/linux", "boot/initrd"];

const { values } = parseArgs({
  options: {
    tree: { type: "string", default: ".netroot" },
    runs: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else {
  ensurePage(fileURLToPath(new URL("../..", import.meta.url)));
  await run();
}

async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-bench-firmware-"));
  const relays: RunningRelay[] = [];
  try {
    const serve = async (name: string, configuration: string) => {
      const tree = await makeTree(join(folder, name), configuration);
      const relay = await startRelay(tree);
      relays.push(relay);
      return { tree, relay: relay.url };
    };
    const script = await serve("script", "");
    // Otherwise iPXE is given the script, and pxelinux never runs.
    const pxelinux = await serve("pxelinux", '[boot]\nipxe = "pxelinux.0"\n');
    const ways = [
      { name: "direct", ...script, query: "" },
      { name: "iPXE script", ...script, query: "boot=pxe&nic=ne2k" },
      { name: "pxelinux", ...pxelinux, query: "boot=pxe&nic=ne2k" },
    ];
    const contenders: readonly Contender[] = ENGINES.flatMap((engine) =>
      ways.map(({ name, ...way }) => ({
        name: `${engine}, ${name}`,
        boot: (signal: AbortSignal) => BOOT[engine]({ ...FOR_QEMU, ...way, ...MACHINE, signal }),
      })),
    );
    const say = (text: string) => void process.stderr.write(text);
    const summary = medians(await inTurns(contenders, { runs: Number(values.runs), say }));
    const bytes = await sum(FILES.map((file) => join(values.tree, "tftpboot", file)));
    const rows = contenders.map(({ name }) => ({
      name,
      ...summary[name],
      megabytesPerSecond: megabytesPerSecond(bytes, summary[name]!),
      overDirect: ratio(summary, [`${name.split(",")[0]}, direct`, name], "kernel"),
    }));
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
    const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
    if (values.json) process.stdout.write(`${JSON.stringify({ rows, bytes, machine, commit })}\n`);
    else
      process.stdout.write(
        alignRows([
          ["boot", "lease", "kernel's first line", "over direct", "kernel and initrd"],
          ...rows.map(({ name, dhcp, kernel, overDirect, megabytesPerSecond: rate }) => [
            name,
            rate === undefined ? "–" : seconds(dhcp!),
            seconds(kernel!),
            `${overDirect!.toFixed(2)} ×`,
            rate === undefined ? "–" : `${rate.toFixed(2)} MB/s`,
          ]),
        ]),
      );
  } finally {
    for (const relay of relays) await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Copies what a boot needs, with a menu that starts its entry without asking anybody. */
async function makeTree(tree: string, configuration: string): Promise<string> {
  for (const part of ["tftpboot", "exports", "firmware"])
    await cp(join(values.tree, part), join(tree, part), { recursive: true });
  const menu = await readFile(join(values.tree, "tftpboot/pxelinux.cfg/default"), "utf8");
  const append = /^\s*append\s+(.*)$/im.exec(menu)![1]!;
  await writeFile(
    join(tree, "tftpboot/pxelinux.cfg/default"),
    `DEFAULT system\nPROMPT 0\nLABEL system\n  KERNEL boot/linux\n  APPEND ${append}\n`,
  );
  await writeFile(join(tree, "netroot.toml"), configuration);
  return tree;
}

/** Of both files, from the lease to the kernel's first line: the firmware's programs and the kernel's unpacking are in it. */
function megabytesPerSecond(bytes: number, { dhcp, kernel }: Times): number | undefined {
  return dhcp === undefined || kernel === undefined || dhcp > kernel
    ? undefined
    : bytes / 1e6 / ((kernel - dhcp) / 1000);
}

async function sum(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((total, size) => total + size, 0);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
