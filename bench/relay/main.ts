// What the relay costs: 1, 8 and 30 guests read one export of a real nbd-server at once, through our relay, through passt
// behind the same WebSocket, and from the nbd-server directly, in turns. `node --import tsx bench/relay/main.ts [--json]`.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { isInstalled } from "../../relay/exports/testing/programs.ts";
import { isolate } from "../isolate.ts";
import { CONTENDERS, type Contender } from "./contenders.ts";
import { measure, type Reading } from "./measure.ts";
import { startServer } from "./nbd-server.ts";
import { printReadings } from "./report.ts";

const USAGE = `Usage: npm run bench:relay -- [OPTION]...

  --clients N,N,N   how many guests read at once (1,8,30)
  --seconds N       how long they read (5)
  --warm-up N       how long they read before that (2)
  --through NAME,…  through what (relay,relay-v1,passt,direct)
  --runs N          how often, in turns; the median counts (1)
  --mtu N           of the segment (1500)
  --json            print JSON instead of a table
`;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1,8,30" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "2" },
    through: { type: "string", default: CONTENDERS.map(({ name }) => name).join() },
    runs: { type: "string", default: "1" },
    mtu: { type: "string", default: "1500" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else {
  const exitCode = await isolate();
  if (exitCode !== undefined) process.exitCode = exitCode;
  else await run();
}

async function run(): Promise<void> {
  const mtu = Number(values.mtu);
  upstream();
  const server = await startServer();
  const readings: Reading[] = [];
  const through = values.through.split(",");
  const contenders = CONTENDERS.filter(
    ({ name }) => through.includes(name) && (name !== "passt" || isInstalled("passt")),
  );
  try {
    for (let turn = 1; turn <= Number(values.runs); turn++) {
      for (const clients of values.clients.split(",").map(Number)) {
        for (const contender of contenders) {
          process.stderr.write(`${contender.name}, ${clients} … `);
          const reading = await read(contender, clients, mtu, server.port);
          process.stderr.write(`${reading.megabytesPerSecond.toFixed(0)} MB/s\n`);
          readings.push(reading);
        }
      }
    }
  } finally {
    await server.close();
  }
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  if (values.json) process.stdout.write(`${JSON.stringify({ readings, mtu, machine, commit })}\n`);
  else process.stdout.write(printReadings(readings));
}

async function read(contender: Contender, clients: number, mtu: number, nbdPort: number): Promise<Reading> {
  const started = await contender.start({ mtu, nbdPort });
  try {
    return await measure(contender.name, started, {
      clients,
      mtu,
      seconds: Number(values.seconds),
      warmUpSeconds: Number(values["warm-up"]),
    });
  } finally {
    await started.stop();
  }
}

/** passt wants a host with a way out, even one that leads nowhere. */
function upstream(): void {
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "ignore" });
  ip("link", "add", "up0", "type", "veth", "peer", "name", "up1");
  ip("address", "add", "192.0.2.2/24", "dev", "up0");
  ip("link", "set", "up0", "up");
  ip("link", "set", "up1", "up");
  ip("route", "add", "default", "via", "192.0.2.1");
}
