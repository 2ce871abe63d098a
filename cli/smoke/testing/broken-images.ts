import { copyFile, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type NewcEntry, programEntry, readNewc, writeNewc } from "./newc.ts";

/** The arguments of `netroot smoke` that boot an image. */
export type ImageArguments = readonly string[];

/** Breaks copies of the image of a boot tree, one way each. The tree itself is not touched. */
export class BrokenImages {
  readonly #tree: string;
  readonly #folder: string;

  /** @param folder for the copies */
  constructor(tree: string, folder: string) {
    this.#tree = tree;
    this.#folder = folder;
  }

  /** The image as it is, with another command line. */
  whole(append: string, initrd = this.#initrd, image = this.#image): ImageArguments {
    return [
      ...["--kernel", join(this.#tree, "tftpboot/boot/linux"), "--initrd", initrd, "--image", image],
      ...["--append", `${QUICK} ${append}`],
    ];
  }

  async truncatedInitrd(): Promise<ImageArguments> {
    const initrd = await readFile(this.#initrd);
    return this.whole(STATIC, await this.#write("truncated-initrd", initrd.subarray(0, initrd.length >> 1)));
  }

  /** The image without the driver. */
  async withoutModule(name: string): Promise<ImageArguments> {
    return this.whole(
      STATIC,
      await this.#changed(`without-${name}`, (entries) =>
        entries.filter(({ path }) => !path.endsWith(`/${name}.ko`)),
      ),
    );
  }

  /** An initrd without its first program. */
  async withoutInit(): Promise<ImageArguments> {
    return this.whole(
      STATIC,
      await this.#changed("without-init", (entries) => entries.filter(({ path }) => path !== "init")),
    );
  }

  /** The root is changed as an image builder would have it, by a hook that runs before it is entered. */
  async withRootChanged(name: string, script: string, append = STATIC): Promise<ImageArguments> {
    const hook = programEntry(`usr/lib/dracut/hooks/pre-pivot/99-${name}.sh`, `#!/bin/sh\n${script}\n`);
    return this.whole(append, await this.#changed(name, (entries) => [...entries, hook]));
  }

  /** A squashfs of which `bytes` from `at` on are noise. */
  async corruptRoot(at: number, bytes: number): Promise<ImageArguments> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, "corrupt.squashfs");
    await copyFile(this.#image, path);
    const handle = await open(path, "r+");
    try {
      await handle.write(Buffer.alloc(bytes, 0xa5), 0, bytes, at);
    } finally {
      await handle.close();
    }
    return this.whole(STATIC, this.#initrd, path);
  }

  get #initrd(): string {
    return join(this.#tree, "tftpboot/boot/initrd");
  }

  get #image(): string {
    return join(this.#tree, "exports/kisroot.squashfs");
  }

  async #changed(name: string, change: (entries: NewcEntry[]) => NewcEntry[]): Promise<string> {
    const entries = readNewc(gunzipSync(await readFile(this.#initrd)));
    return this.#write(`initrd-${name}`, gzipSync(writeNewc(change(entries)), { level: 1 }));
  }

  async #write(name: string, content: Uint8Array): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, name);
    await writeFile(path, content);
    return path;
  }
}

/** What makes the kernel start sooner, as in a tree of ours. */
const QUICK =
  "net.ifnames=0 console=tty0 console=ttyS0 cryptomgr.notests noisapnp nokaslr mitigations=off initcall_blacklist=init_kprobe_trace,load_system_certificate_list,crypto_kdf108_init,init_encrypted,init_blk_tracer";
export const STATIC = "ip=10.86.0.100:10.86.0.1/24:10.86.0.1:255.255.255.0:netroot:eth0:none";
