import { type ChildProcess, execFileSync, spawn } from "node:child_process";

/** What a command said and how it ended. */
export interface CommandResult {
  /** Exit code; `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

let created = 0;

/**
 * A Linux network namespace of our own: a second kernel network stack to test against. Needs root. Its name holds the process
 * id, so runs do not meet; it is taken away by `close`, or when the process exits.
 */
export class Namespace {
  readonly name: string;
  readonly #removeAtExit = () => this.#remove();

  private constructor(name: string) {
    this.name = name;
  }

  /** Makes a namespace with its loopback interface up. Throws where the user is not root or `ip` is missing. */
  static create(): Namespace {
    if (process.getuid?.() !== 0) {
      throw new Error("This test needs root: it makes a network namespace and a tap. Run `sudo npm test`.");
    }
    const namespace = new Namespace(`netroot-${process.pid}-${++created}`);
    execFileSync("ip", ["netns", "add", namespace.name]);
    process.once("exit", namespace.#removeAtExit);
    execFileSync("ip", ["-n", namespace.name, "link", "set", "lo", "up"]);
    return namespace;
  }

  /** Runs a command inside, to its end. Never rejects for an exit code; `timeoutMs` only ends what hangs. */
  run(command: string, args: readonly string[] = [], timeoutMs = 50_000): Promise<CommandResult> {
    const child = spawn("ip", ["netns", "exec", this.name, command, ...args], { timeout: timeoutMs });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.end();
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? undefined, stdout, stderr }));
    });
  }

  /** Starts a command inside and leaves it running. */
  start(command: string, args: readonly string[] = []): ChildProcess {
    return spawn("ip", ["netns", "exec", this.name, command, ...args]);
  }

  /** Ends what still runs inside and takes the namespace away. */
  close(): void {
    process.off("exit", this.#removeAtExit);
    this.#remove();
  }

  #remove(): void {
    // Whatever runs in this namespace was started through it.
    for (const pid of execFileSync("ip", ["netns", "pids", this.name], { encoding: "utf8" }).split("\n")) {
      if (pid !== "" && Number(pid) !== process.pid) tryKill(Number(pid));
    }
    execFileSync("ip", ["netns", "del", this.name]);
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
