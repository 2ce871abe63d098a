import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { type NewcEntry, programEntry, readNewc, writeNewc } from "./newc.ts";

const run = promisify(execFile);

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

  /** An initrd whose shell is Debian's usual one, taken from the root image, and which has no other. */
  async withDash(): Promise<ImageArguments> {
    const dash = await this.#fileOfRoot("usr/bin/dash");
    return this.whole(
      STATIC,
      await this.#changed("dash", (entries) => [
        ...entries
          .filter(({ path }) => path !== "usr/bin/bash")
          .map((entry) => (entry.path === "usr/bin/sh" ? { ...entry, content: Buffer.from("dash") } : entry)),
        programEntry("usr/bin/dash", dash),
      ]),
    );
  }

  /** The root is changed as an image builder would have it, by a hook that runs before it is entered. */
  async withRootChanged(name: string, script: string, append = STATIC): Promise<ImageArguments> {
    const hook = programEntry(`usr/lib/dracut/hooks/pre-pivot/99-${name}.sh`, `#!/bin/sh\n${script}\n`);
    return this.whole(append, await this.#changed(name, (entries) => [...entries, hook]));
  }

  /** A root image of which a single block has a few flipped bits: that with the beginning of the C library. */
  async flippedBlock(): Promise<ImageArguments> {
    const path = join(this.#folder, "flipped.squashfs");
    await mkdir(this.#folder, { recursive: true });
    const image = await readFile(this.#image);
    const library = await this.#fileOfRoot("usr/lib/i386-linux-gnu/libc.so.6");
    const at = compressedAt(image, library.subarray(0, SQUASHFS_BLOCK_BYTES));
    for (let index = at + 1000; index < at + 1064; index += 1) image[index]! ^= 0x55;
    await writeFile(path, image);
    return this.whole(STATIC, this.#initrd, path);
  }

  async #fileOfRoot(path: string): Promise<Buffer> {
    const options = { encoding: "buffer", maxBuffer: 16 * 1024 * 1024 } as const;
    return (await run("unsquashfs", ["-cat", this.#image, path], options)).stdout;
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

/** As the image's description has it. */
const SQUASHFS_BLOCK_BYTES = 128 * 1024;
/** How zlib's strongest level begins (RFC 1950). */
const ZLIB_BEST = Buffer.of(0x78, 0xda);

/** Where in the image the block lies whose content is `content`. Throws where it is not there. */
function compressedAt(image: Buffer, content: Uint8Array): number {
  for (let at = image.indexOf(ZLIB_BEST); at >= 0; at = image.indexOf(ZLIB_BEST, at + 1)) {
    const inflated = inflate(image.subarray(at, at + SQUASHFS_BLOCK_BYTES));
    if (inflated?.equals(content)) return at;
  }
  throw new Error("the root image has no such block");
}

function inflate(bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: SQUASHFS_BLOCK_BYTES });
  } catch {
    return undefined;
  }
}
