import { execFile } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../../../", import.meta.url));
/** Debian's nobody and nogroup. */
const NOBODY = 65_534;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm pack` and `npm install` of what it packed, in a folder that held nothing, and the user who runs it there. */
export class PackedInstall {
  readonly folder: string;
  readonly #programs: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#programs = join(folder, "programs");
  }

  /** @param folder is there, and empty */
  static async into(folder: string): Promise<PackedInstall> {
    const install = new PackedInstall(folder);
    await chmod(folder, 0o755);
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: project });
    const [{ filename }] = JSON.parse(stdout);
    await writeFile(join(folder, "package.json"), "{}");
    const quick = ["--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"];
    await run("npm", ["install", ...quick, join(folder, filename)], { cwd: folder });
    await install.#linkPrograms();
    return install;
  }

  /** A folder that the user may write to. */
  async writable(name: string): Promise<string> {
    const path = join(this.folder, name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    return path;
  }

  /** Runs `npx netroot …` as a user without any privilege, who finds Node and a shell in the PATH and nothing else. */
  async netroot(...argv: readonly string[]): Promise<Ended> {
    const home = await this.writable("home");
    const npx = ["npx", "--no-install", "netroot", ...argv];
    const [program, ...args] =
      process.getuid?.() === 0
        ? // By its path: it is not among what the user finds.
          [
            "/usr/bin/setpriv",
            `--reuid=${NOBODY}`,
            `--regid=${NOBODY}`,
            "--clear-groups",
            "--no-new-privs",
            ...npx,
          ]
        : npx;
    return new Promise((resolve, reject) => {
      execFile(
        program!,
        args,
        {
          cwd: this.folder,
          env: { PATH: this.#programs, HOME: home },
          maxBuffer: 64 * 1024 * 1024,
        },
        (error, stdout, stderr) => {
          if (error !== null && typeof error.code !== "number") reject(error);
          else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        },
      );
    });
  }

  async #linkPrograms(): Promise<void> {
    await mkdir(this.#programs);
    const npx = join(dirname(process.execPath), "npx");
    for (const [name, target] of [
      ["node", process.execPath],
      ["npx", npx],
      ["sh", "/bin/sh"],
    ] as const)
      await symlink(target, join(this.#programs, name));
  }
}
