import { readdir, readFile } from "node:fs/promises";

/** The nbd-servers that serve this image: the one that was started, and what it made of itself for each client. */
export async function nbdServersOf(image: string): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    const line = /^[0-9]+$/.test(entry) ? await textOf(`/proc/${entry}/cmdline`) : "";
    const [program = "", , config = ""] = line.split("\0");
    if (program.endsWith("nbd-server") && (await textOf(config)).includes(image)) pids.push(Number(entry));
  }
  return pids;
}

/** Empty where it is gone by now. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
