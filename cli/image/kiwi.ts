import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { ImageError } from "./errors.ts";
import { type BuildProgress, KiwiProgress, relevantLines } from "./progress.ts";

export interface KiwiRun {
  /** The script that runs kiwi as root. */
  readonly runner: string;
  /** The merged description. */
  readonly description: string;
  /** An empty folder for the results. */
  readonly target: string;
  readonly mirrorUri: string;
  /** Gets everything that kiwi says. */
  readonly log: string;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** Packages whose version goes into the image's key, and the program by which each is recognised. */
const TOOLS: Readonly<Record<string, string>> = {
  kiwi: "kiwi-ng",
  debootstrap: "debootstrap",
  "squashfs-tools": "mksquashfs",
  rsync: "rsync",
};

/** The versions of the build tools; an ImageError that says how to install what is missing. */
export function toolVersions(): Record<string, string> {
  const missing = Object.entries(TOOLS)
    .filter(([, program]) => !isInPath(program))
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new ImageError(
      "tools-missing",
      `What builds the image is not installed: ${missing.join(", ")}. Run "node setup/debian.mjs image" in netroot's folder.`,
    );
  }
  const query = spawnSync(
    "dpkg-query",
    ["-W", "-f", "$" + "{Package}\t$" + "{Version}\n", ...Object.keys(TOOLS)],
    {
      encoding: "utf8",
    },
  );
  const versions = Object.fromEntries(
    (query.stdout ?? "")
      .split("\n")
      .filter((line) => line.includes("\t"))
      .map((line) => line.split("\t") as [string, string]),
  );
  for (const name of Object.keys(TOOLS)) versions[name] ??= "unknown";
  return versions;
}

export async function runKiwi(run: KiwiRun): Promise<void> {
  const command = await privileged([
    run.runner,
    run.description,
    run.target,
    run.mirrorUri,
    `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
  ]);
  run.signal?.throwIfAborted();
  const log = createWriteStream(run.log);
  // A process group of its own: a Ctrl-C in the terminal reaches netroot alone, which then closes stdin. That ends the
  // build even where it runs as another user, or where netroot itself is killed.
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, ...proxyFromApt() },
  });
  child.stdin.on("error", () => {});
  const abort = () => child.stdin.end();
  run.signal?.addEventListener("abort", abort, { once: true });

  const progress = new KiwiProgress();
  const read = async (stream: NodeJS.ReadableStream) => {
    for await (const line of createInterface({ input: stream })) {
      log.write(`${line}\n`);
      const shown = progress.line(line);
      if (shown !== undefined) run.onProgress?.(shown);
    }
  };
  try {
    const [code] = await Promise.all([
      new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
      }),
      read(child.stdout),
      read(child.stderr),
    ]);
    log.end();
    await finished(log);
    if (run.signal?.aborted) throw new ImageError("interrupted", "The build of the image was interrupted.");
    if (code === 0) return;
    const lines = relevantLines(await readFile(run.log, "utf8"));
    throw new ImageError(
      "kiwi-failed",
      [
        `kiwi-ng could not build the image. Its log is ${run.log}; it ended so:`,
        ...lines.map((line) => `  ${line}`),
      ].join("\n"),
    );
  } finally {
    run.signal?.removeEventListener("abort", abort);
    log.end();
  }
}

/** The command as root: itself, or through sudo, which asks for its password now rather than in the background. */
async function privileged(command: string[]): Promise<string[]> {
  if (process.getuid?.() === 0) return command;
  if (!isInPath("sudo")) {
    throw new ImageError(
      "no-privilege",
      "Building an image takes root's rights, and there is no sudo here: run this as root.",
    );
  }
  const asked = spawnSync("sudo", ["--validate"], { stdio: ["inherit", 2, 2] });
  if (asked.status !== 0) {
    throw new ImageError(
      "no-privilege",
      "Building an image takes root's rights, and sudo did not grant them.",
    );
  }
  return ["sudo", "--non-interactive", "--preserve-env=http_proxy,https_proxy,no_proxy", "--", ...command];
}

function isInPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** debootstrap reads the proxy from the environment only; apt may have it in its configuration. */
function proxyFromApt(): Record<string, string> {
  if (process.env.http_proxy !== undefined) return {};
  const shell = spawnSync("apt-config", ["shell", "PROXY", "Acquire::http::Proxy"], { encoding: "utf8" });
  const proxy = /^PROXY='([^']+)'/m.exec(shell.stdout ?? "")?.[1];
  return proxy === undefined || proxy === "DIRECT" ? {} : { http_proxy: proxy };
}
