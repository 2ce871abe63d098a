import { readFile } from "node:fs/promises";
import { inspectKernel } from "../../../net/linux/bzimage.ts";
import { SmokeError } from "../errors.ts";
import type { EngineName } from "../plan.ts";
import { readHead, requireFile } from "./open-files.ts";

/** Rejects unless the file is a kernel that this engine can run. */
export async function requireKernel(path: string, engine: EngineName): Promise<void> {
  await requireFile(path, "kernel");
  const bytes = await readFile(path);
  const kernel = inspectKernel(bytes);
  if (kernel.ok) return;
  switch (kernel.reason) {
    case "64-bit":
      if (engine === "qemu") return;
      throw new SmokeError(
        "usage",
        `${path} is a 64-bit kernel; v86 is an i686 and cannot run it: run this with --engine qemu, or build the image for i386.`,
      );
    case "cut-off":
      throw new SmokeError(
        "usage",
        `The kernel ${path} has ${bytes.length} bytes; its header says that it has ${kernel.neededBytes}: it was cut off.`,
      );
    case "too-old":
    case "not-a-kernel":
      throw new SmokeError(
        "usage",
        `${path} is not a Linux kernel image (bzImage): it looks like ${kernel.looksLike}.`,
      );
    default:
      return kernel satisfies never;
  }
}

/** Whether a kernel has a 64-bit entry, which every x86-64 kernel has, and no other. */
export async function is64Bit(path: string): Promise<boolean> {
  const kernel = inspectKernel(await readFile(path));
  return !kernel.ok && kernel.reason === "64-bit";
}

/** squashfs 4.0: u32le magic "hsqs" at 0, u64le bytes used at 40 (struct squashfs_super_block). */
const SQUASHFS_MAGIC = 0x73717368;
const BYTES_USED = 40;
const SUPERBLOCK_BYTES = 96;

/** Rejects where the root image is missing, or is a squashfs that says it is larger than the file: a copy that broke off. */
export async function requireRootImage(path: string): Promise<void> {
  const size = await requireFile(path, "root image");
  const head = await readHead(path, SUPERBLOCK_BYTES, "root image");
  if (head.length < SUPERBLOCK_BYTES) return;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== SQUASHFS_MAGIC) return;
  const used = view.getBigUint64(BYTES_USED, true);
  if (used <= BigInt(size)) return;
  throw new SmokeError(
    "usage",
    `The root image ${path} is a squashfs of ${used} bytes, and the file has ${size}: it was cut off.`,
  );
}
