import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const NETROOT = fileURLToPath(new URL("../bin/netroot.mjs", import.meta.url));

/** It says goodbye to clients and servers; more than this is a hang. */
const GOODBYE_WITHIN_MS = 20_000;

/** `netroot serve` as its users start it, on a free port. */
export interface RunningRelay {
  /** Where the page is: `http://127.0.0.1:PORT/`, with the token in its fragment where the relay demands one. */
  readonly url: string;
  readonly port: number;
  /** All that it logged so far. */
  log(): string;
  /** As Ctrl-C does. Resolves once the process has ended. */
  stop(): Promise<void>;
}

export async function startRelay(
  tree: string,
  port = 0,
  host = "127.0.0.1",
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningRelay> {
  const args = ["serve", tree, "--port", String(port), "--host", host, "--verbose"];
  const child = spawn(process.execPath, [NETROOT, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const url = await firstLine(child, () => log);
  return {
    url,
    port: Number(new URL(url).port),
    log: () => log,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGINT");
      const patience = setTimeout(() => child.kill("SIGKILL"), GOODBYE_WITHIN_MS);
      const [, signal] = await once(child, "exit");
      clearTimeout(patience);
      if (signal === "SIGKILL") throw new Error(`netroot serve did not end when it was told to:\n${log}`);
    },
  };
}

/** The one line of data that `netroot serve` prints: its address. */
async function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line.trim();
  throw new Error(`netroot serve ended before it served:\n${log()}`);
}
