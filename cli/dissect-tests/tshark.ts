import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 1024 * 1024 * 1024;
const BETWEEN_VALUES = "\x01";

/** Runs Debian's tshark. What it says on stderr (that it should not be root) is nothing to us. */
export async function tshark(...args: readonly string[]): Promise<string> {
  // No configuration of whoever runs the test: its preferences change what is read.
  const env = { ...process.env, WIRESHARK_CONFIG_DIR: "/nonexistent", LC_ALL: "C.UTF-8" };
  const { stdout } = await run("tshark", args, { maxBuffer: MAX_OUTPUT_BYTES, env });
  return stdout;
}

let known: Promise<ReadonlySet<string>> | undefined;

/** The names of all fields that this version knows. */
export function knownFields(): Promise<ReadonlySet<string>> {
  known ??= tshark("-G", "fields").then(
    (table) => new Set(table.split("\n").map((line) => line.split("\t")[2] ?? "")),
  );
  return known;
}

/** The values of the named fields, frame by frame; a field that is not there has none. */
export async function fieldsByTshark(
  file: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string[]>[]> {
  const format = ["separator=/t", "occurrence=a", `aggregator=${BETWEEN_VALUES}`];
  const output = await tshark(
    ...["-r", file, "-T", "fields"],
    ...format.flatMap((option) => ["-E", option]),
    ...names.flatMap((name) => ["-e", name]),
  );
  const lines = output.split("\n").slice(0, -1);
  return lines.map((line) => {
    const cells = line.split("\t");
    return new Map(names.map((name, at) => [name, cells[at] ? cells[at].split(BETWEEN_VALUES) : []]));
  });
}
