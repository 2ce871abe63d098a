import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freeLoopbackPort, isListening } from "../../servers/listening.ts";

/** A real NBD server (nbdkit) that dies, hangs and comes back, always on the same port. */
export class MortalServer {
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** Takes nbdkit's own arguments: filters, plugin, parameters. Throws what nbdkit says when it does not start. */
  static async start(...args: string[]): Promise<MortalServer> {
    const server = new MortalServer(await freeLoopbackPort());
    await server.start(...args);
    return server;
  }

  get url(): string {
    return `nbd://127.0.0.1:${this.port}/`;
  }

  async start(...args: string[]): Promise<void> {
    const child = spawn("nbdkit", ["-f", "-i", "127.0.0.1", "-p", String(this.port), ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await once(child, "spawn");
    this.#child = child;
    while (!(await isListening(child.pid!, this.port))) {
      if (child.exitCode !== null) throw new Error(`nbdkit does not start: ${said}`);
      await sleep(10);
    }
  }

  /** SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** It keeps its connections, and the kernel even accepts new ones for it; it answers nothing. */
  hang(): void {
    this.#child?.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child?.kill("SIGCONT");
  }
}
