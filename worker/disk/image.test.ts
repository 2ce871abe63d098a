import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { formatExt4 } from "./ext4/format.ts";
import { downloadImage } from "./image-download.ts";
import { uploadImage } from "./image-upload.ts";
import { SparseDisk } from "./sparse-disk.ts";
import { VolatileMedium } from "./testing/volatile-medium.ts";

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;

function formatted(): SparseDisk {
  const disk = SparseDisk.create(new VolatileMedium(), SIZE);
  formatExt4(disk, { uuid: new Uint8Array(16).fill(3), timeMs: 0 });
  disk.write(200 * MIB + 77, new TextEncoder().encode("here"));
  return disk;
}

async function download(disk: SparseDisk): Promise<Buffer> {
  return Buffer.from(await new Response(downloadImage(disk)).arrayBuffer());
}

async function upload(bytes: Uint8Array): Promise<SparseDisk> {
  let made: SparseDisk | undefined;
  await uploadImage(new Blob([bytes as Uint8Array<ArrayBuffer>]), (sizeBytes) => {
    made = SparseDisk.create(new VolatileMedium(), sizeBytes);
    return made;
  });
  return made!;
}

it("goes out packed and comes in again, packed or not, as sparse as it was", async () => {
  const disk = formatted();
  const packed = await download(disk);
  expect(packed.length).toBeLessThan(MIB);
  const raw = gunzipSync(packed);
  expect(raw.length).toBe(SIZE);
  const all = new Uint8Array(SIZE);
  disk.read(0, all);
  expect(raw.equals(all)).toBe(true);
  for (const file of [packed, raw]) {
    const back = await upload(file);
    back.read(0, all);
    expect(raw.equals(all)).toBe(true);
    expect(back.usedBytes()).toBe(disk.usedBytes());
    expect(back.unsynced).toBe(false);
  }
});

it("says what is wrong with a file that is cut off, or something else", async () => {
  const packed = await download(formatted());
  const raw = gunzipSync(packed);
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(0), /no ext4/],
    [new Uint8Array(100_000), /no ext4/],
    [gzipSync(Buffer.from("some text")), /no ext4/],
    [raw.subarray(0, 100 * MIB), /breaks off after 104857600 of the 268435456 bytes/],
    [packed.subarray(0, packed.length - 100), /breaks off or is damaged/],
    [packed.subarray(0, 20), /breaks off or is damaged/],
    [Buffer.concat([raw, Buffer.from("more")]), /goes on behind/],
    [Buffer.from(raw.subarray(0, 5000)).fill(0, 1028, 1032), /smaller or larger/],
  ];
  for (const [file, why] of cases)
    await expect(upload(file)).rejects.toMatchObject({
      code: "damaged",
      message: expect.stringMatching(why),
    });
});
