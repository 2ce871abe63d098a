import { spawn } from "node:child_process";
import { once } from "node:events";
import { freeLoopbackPort, isListening } from "../../servers/listening.ts";

export interface Nbdkit {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** A real NBD server of another make: `startNbdkit(["--filter=error", "memory", "1M", "error-pread-rate=1"])`. */
export async function startNbdkit(args: readonly string[], atPort?: number): Promise<Nbdkit> {
  const port = atPort ?? (await freeLoopbackPort());
  const child = spawn("nbdkit", ["-f", "-i", "127.0.0.1", "-p", String(port), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await once(child, "spawn");
  while (!(await isListening(child.pid!, port))) {
    if (child.exitCode !== null) throw new Error(`nbdkit does not start: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    port,
    url: `nbd://127.0.0.1:${port}/`,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
