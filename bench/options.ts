import { parseArgs } from "node:util";
import { parsePageUrl } from "../src/page-url.ts";
import { ENGINES, type Engine } from "./boots.ts";
import { pageKnows } from "./plan.ts";

export const USAGE = `Usage: npm run bench -- [--quick] [--json] [OPTION]...

  Boots the same KIS from the same nbd-server in qemu-system-i386 (TCG, one thread), in v86 under Node and in v86 in
  Chromium, in turns, and prints medians and ratios per milestone; of the light image also in qemu with the stock kiwi
  initrd, and in Chromium from a checkpoint.

  --quick           one boot an engine (else three, in turns), the light image only
  --runs N          N boots an engine
  --json            print one JSON object instead of a table
  --image NAME      light, systemd, or the path of a boot tree; may be repeated (else light and systemd)
  --only ENGINES    some of qemu,node,chromium
  --query Q         parameters of the page's address for every boot, such as 'jit=pages:3'; Node's boots take them too
  --compare Q       boots with and without these parameters in turns, in Chromium unless --only says otherwise, and
                    prints the ratio per milestone; may be repeated
  --latency MS      boots over a link to the relay with and without this round trip in turns, in Chromium unless --only
                    says otherwise, and prints the ratio per milestone
  --throughput      instead of timing boots, reads the root in the guest, under Node and in Chromium unless --only says
                    otherwise, and prints megabytes a second
  --lock FILE       holds this file's lock (flock) during each boot, for benchmarks that take turns on one machine
`;

export interface Options {
  /** Boots of each contender; what is usual where absent. */
  readonly runs?: number;
  readonly quick: boolean;
  readonly json: boolean;
  /** Names or paths, as given. */
  readonly images?: readonly string[];
  readonly only?: readonly Engine[];
  readonly query: string;
  readonly compare: readonly string[];
  readonly throughput: boolean;
  /** Milliseconds of a round trip. */
  readonly latencyMs?: number;
  readonly lock?: string;
}

/** The message is a sentence for a person. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `undefined` where help is asked for. Throws a `UsageError`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = read(args);
  if (values.help) return undefined;
  const { quick, json, image, query, compare, throughput, lock } = values;
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new UsageError(`--runs wants a whole number above 0, not "${values.runs}".`);
  const latencyMs = values.latency === undefined ? undefined : Number(values.latency);
  if (latencyMs !== undefined && !(latencyMs > 0))
    throw new UsageError(`--latency wants milliseconds above 0, not "${values.latency}".`);
  if (latencyMs !== undefined && (compare.length > 0 || values.only?.includes("qemu")))
    throw new UsageError(
      "--latency is between a v86 and its relay: it goes with neither --compare nor qemu.",
    );
  if (query !== "") checkQuery("--query", query);
  for (const variant of compare) checkQuery("--compare", variant);
  return {
    quick,
    json,
    query,
    compare,
    throughput,
    ...(runs === undefined ? {} : { runs }),
    ...(image.length === 0 ? {} : { images: image }),
    ...(values.only === undefined ? {} : { only: parseEngines(values.only) }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(lock === undefined ? {} : { lock }),
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        runs: { type: "string" },
        image: { type: "string", multiple: true, default: [] },
        only: { type: "string" },
        query: { type: "string", default: "" },
        compare: { type: "string", multiple: true, default: [] },
        throughput: { type: "boolean", default: false },
        latency: { type: "string" },
        lock: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseEngines(text: string): readonly Engine[] {
  return text.split(",").map((name) => {
    const engine = ENGINES.find((one) => one === name);
    if (engine === undefined) throw new UsageError(`--only=${name}: the engines are ${ENGINES.join(", ")}.`);
    return engine;
  });
}

/** A mistyped switch would compare a boot with itself. */
function checkQuery(option: string, query: string): void {
  const page = parsePageUrl(query);
  if (page.rejected.length > 0) throw new UsageError(`${option}: ${page.rejected.join(" ")}`);
  if (!pageKnows(query))
    throw new UsageError(
      `${option} ${query} changes nothing: it is the default, or the page's address knows no such parameter.`,
    );
}
