import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFileExport } from "./file-export.ts";

let folder: string;
const content = crypto.getRandomValues(new Uint8Array(10_001));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-file-export-"));
  await writeFile(join(folder, "root.img"), content);
});
afterAll(() => rm(folder, { recursive: true }));

const path = (name: string) => join(folder, name);

describe("an image file", () => {
  it("has the file's size to the byte, and is read-only unless told otherwise", async () => {
    const image = await openFileExport({ path: path("root.img"), name: "root" });
    expect(image).toMatchObject({ sizeBytes: 10_001, readOnly: true, description: "image file root.img" });
    await expect(image.write(0, new Uint8Array(1))).rejects.toMatchObject({ code: "EPERM" });
    await image.close();
  });

  it("is read anywhere, by any number at once", async () => {
    const image = await openFileExport({ path: path("root.img"), name: "root" });
    const part = fc
      .tuple(fc.nat(content.length), fc.nat(content.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 20 }), async (parts) => {
        const read = await Promise.all(parts.map(([from = 0, to = 0]) => image.read(from, to - from)));
        for (const [index, [from, to]] of parts.entries()) {
          expect(Buffer.compare(read[index]!, content.subarray(from, to))).toBe(0);
        }
      }),
    );
    await image.close();
  });

  it("keeps what was written to it, where it may be written to", async () => {
    await writeFile(path("disk.img"), new Uint8Array(4096));
    const disk = await openFileExport({ path: path("disk.img"), name: "disk", readOnly: false });
    await disk.write(1000, Uint8Array.of(1, 2, 3));
    await disk.flush();
    await disk.close();
    const again = await openFileExport({ path: path("disk.img"), name: "disk" });
    expect([...(await again.read(999, 5))]).toEqual([0, 1, 2, 3, 0]);
    await again.close();
  });

  it("that becomes shorter is an error of the disk, and no zeroes", async () => {
    await writeFile(path("short.img"), new Uint8Array(4096));
    const image = await openFileExport({ path: path("short.img"), name: "short" });
    await truncate(path("short.img"), 1000);
    expect(await image.read(0, 1000)).toHaveLength(1000);
    await expect(image.read(512, 512)).rejects.toMatchObject({
      code: "EIO",
      message: `${path("short.img")} is shorter than it was when it was opened.`,
    });
    await image.close();
  });

  it("that was closed says so, however often it was closed", async () => {
    const image = await openFileExport({ path: path("root.img"), name: "root" });
    await Promise.all([image.close(), image.close()]);
    await expect(image.read(0, 1)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  });
});

describe("what cannot be served is refused in a sentence", () => {
  it.each([
    ["a file that is not there", async () => {}, "there is no file PATH."],
    ["an empty one", () => writeFile(path("x"), ""), "PATH is empty."],
    ["a folder", () => mkdir(path("x")), "PATH is neither a file nor a block device."],
    [
      "a device that is no disk",
      () => symlink("/dev/zero", path("x")),
      "PATH is neither a file nor a block device.",
    ],
    ["a fifo", () => void execFileSync("mkfifo", [path("x")]), "PATH is neither a file nor a block device."],
  ])("%s", async (_, make, why) => {
    await make();
    const sentence = `The export "root" cannot be served: ${why.replace("PATH", path("x"))}`;
    await expect(openFileExport({ path: path("x"), name: "root" })).rejects.toThrow(sentence);
    await rm(path("x"), { recursive: true, force: true });
  });

  it("a folder that is to be written to", async () => {
    const opened = openFileExport({ path: folder, name: "root", readOnly: false });
    await expect(opened).rejects.toThrow(`${folder} is a folder.`);
  });
});
