import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompressedKernel } from "./decompressed-kernel.ts";

const KASLR_OFF = "root=overlay:nbd=10.86.0.1:kisroot nokaslr quiet";
const SETUP_BYTES = 1024;
const ENTRY = 0x1000010;
const SEGMENTS = [
  { address: 0x1000000, content: Uint8Array.from({ length: 3000 }, (_, at) => at * 7) },
  { address: 0x1002000, content: Uint8Array.from({ length: 500 }, (_, at) => at * 3) },
];

function elf({ machine = 3, entry = ENTRY, segments = SEGMENTS } = {}): Uint8Array {
  const headers = 52 + 32 * segments.length;
  const bytes = new Uint8Array(headers + segments.reduce((sum, { content }) => sum + content.length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(18, machine, true);
  view.setUint32(24, entry, true);
  view.setUint32(28, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  let at = headers;
  for (const [index, { address, content }] of segments.entries()) {
    const header = 52 + 32 * index;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, at, true);
    view.setUint32(header + 12, address, true);
    view.setUint32(header + 16, content.length, true);
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

function bzImage(vmlinux: Uint8Array, { relocatable = 1, protocol = 0x20f } = {}): Uint8Array {
  const options = ["--format=xz", "-c", "--check=crc32", "--x86", "--lzma2=dict=1MiB"];
  const payload = execFileSync("xz", options, { input: vmlinux });
  const image = new Uint8Array(SETUP_BYTES + 64 + payload.length + 4);
  const view = new DataView(image.buffer);
  image[0x1f1] = SETUP_BYTES / 512 - 1;
  view.setUint16(0x206, protocol, true);
  image[0x234] = relocatable;
  view.setUint32(0x248, 64, true);
  view.setUint32(0x24c, payload.length + 4, true);
  image.set(payload, SETUP_BYTES + 64);
  view.setUint32(image.length - 4, vmlinux.length, true);
  return image;
}

describe("a decompressed kernel", () => {
  const image = bzImage(elf());

  it("has its segments where the decompressor would put them, behind a jump to its entry", async () => {
    const result = (await decompressedKernel(image, KASLR_OFF))!;
    const memory = result.subarray(SETUP_BYTES);
    expect([...memory.subarray(0, 7)]).toEqual([0xb8, 0x10, 0, 0, 1, 0xff, 0xe0]);
    for (const { address, content } of SEGMENTS) {
      const at = address - 0x100000;
      expect(memory.subarray(at, at + content.length)).toEqual(content);
    }
    // The real-mode part is the kernel's own, but for the length of what follows.
    const setup = result.slice(0, SETUP_BYTES);
    expect(new DataView(setup.buffer).getUint32(0x1f4, true)).toBe(Math.ceil(memory.length / 16));
    setup.set(image.subarray(0x1f4, 0x1f8), 0x1f4);
    expect(setup).toEqual(image.slice(0, SETUP_BYTES));
  });

  it("is not made where the kernel is to choose its address", async () => {
    for (const append of ["", "nokaslrs", "no kaslr", "xnokaslr"])
      expect(await decompressedKernel(image, append)).toBeUndefined();
    expect(await decompressedKernel(bzImage(elf(), { relocatable: 0 }), "")).toBeDefined();
  });

  it.each([
    ["an old boot protocol", () => bzImage(elf(), { protocol: 0x207 })],
    ["another machine", () => bzImage(elf({ machine: 62 }))],
    ["an entry outside", () => bzImage(elf({ entry: 0x1001f00 }))],
    ["a segment over the jump", () => bzImage(elf({ segments: [{ ...SEGMENTS[0]!, address: 0x100000 }] }))],
    [
      "a segment over the initrd",
      () => bzImage(elf({ segments: [{ ...SEGMENTS[0]!, address: 0x4000000 }] })),
    ],
    ["no segment", () => bzImage(elf({ segments: [] }))],
    ["no kernel", () => bzImage(Uint8Array.of(1, 2, 3))],
  ])("is not made of %s", async (_, make) => {
    expect(await decompressedKernel(make(), KASLR_OFF)).toBeUndefined();
  });

  it("is not made of what is damaged or cut short, and nothing makes it throw", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length - 1), async (length) => {
        expect(await decompressedKernel(image.subarray(0, length), KASLR_OFF)).toBeUndefined();
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length - 1), fc.nat(255), async (at, byte) => {
        await decompressedKernel(image.with(at, byte), KASLR_OFF);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(119), fc.nat(255), async (at, byte) => {
        await decompressedKernel(bzImage(elf().with(at, byte)), KASLR_OFF);
      }),
      { numRuns: 30 },
    );
  });
});
