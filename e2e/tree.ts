import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The trees that `npm test` builds before any test runs. */
export const LIGHT_TREE = fileURLToPath(new URL("../.netroot", import.meta.url));
export const SYSTEMD_TREE = fileURLToPath(new URL("../.netroot-systemd", import.meta.url));

export interface ScratchTree {
  readonly path: string;
  /** Puts a file below the tree. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Copies a file or a folder from the light tree. */
  copy(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** An empty boot tree in the system's folder for temporary files. */
export async function makeTree(): Promise<ScratchTree> {
  const path = await mkdtemp(join(tmpdir(), "netroot-e2e-"));
  await mkdir(join(path, "tftpboot"));
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    },
    copy: async (name) => {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await cp(join(LIGHT_TREE, name), join(path, name), { recursive: true });
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
