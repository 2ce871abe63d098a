import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a real client to its end. */
export function run(program: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { ...process.env, LC_ALL: "C" } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr: error !== null && stderr === "" ? error.message : stderr });
    });
  });
}

/** What a client that writes to standard output read, as its sha256. */
export async function sha256Of(program: string, ...args: string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const hash = createHash("sha256");
  const exited = once(child, "exit");
  await pipeline(child.stdout, hash);
  const [code] = await exited;
  if (code !== 0) throw new Error(`${program} ended with exit code ${code}.`);
  return hash.digest("hex");
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Writes a file that repeats nowhere. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "w");
  for (let left = sizeBytes; left > 0; ) {
    const count = Math.min(left, 1 << 16);
    await file.write(crypto.getRandomValues(new Uint8Array(count)));
    left -= count;
  }
  await file.close();
}

export function isInstalled(program: string): boolean {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
