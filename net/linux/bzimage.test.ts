import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectKernel } from "./bzimage.ts";

/** The header fields that are looked at, one a line (Documentation/x86/boot.rst). */
function kernel(
  fields: { protocol?: number; xloadflags?: number; loadflags?: number; cmdlineSize?: number } = {},
) {
  const image = new Uint8Array(1024 + 320);
  const view = new DataView(image.buffer);
  view.setUint8(0x1f1, 1); // setup_sects: 1024 bytes with the first
  view.setUint32(0x1f4, 20, true); // syssize: 320 bytes
  view.setUint16(0x1fe, 0xaa55, true); // boot_flag
  image.set(new TextEncoder().encode("HdrS"), 0x202); // header
  view.setUint16(0x206, fields.protocol ?? 0x20f, true); // version
  view.setUint8(0x211, fields.loadflags ?? 1); // loadflags: LOADED_HIGH
  view.setUint16(0x236, fields.xloadflags ?? 0, true); // xloadflags
  view.setUint32(0x238, fields.cmdlineSize ?? 2047, true); // cmdline_size
  return image;
}

describe("the kernel's header", () => {
  it("says that a 32-bit bzImage can be started, and how long its command line may be", () => {
    expect(inspectKernel(kernel())).toEqual({ ok: true, protocol: 0x20f, maxAppendBytes: 2047 });
  });

  it("gives a 64-bit kernel away by its 64-bit entry point", () => {
    expect(inspectKernel(kernel({ xloadflags: 1 }))).toMatchObject({ ok: false, reason: "64-bit" });
  });

  it("has no such flags before protocol 2.12", () => {
    expect(inspectKernel(kernel({ protocol: 0x20b, xloadflags: 1 }))).toMatchObject({ ok: true });
  });

  it("allows 255 characters before protocol 2.06", () => {
    expect(inspectKernel(kernel({ protocol: 0x205 }))).toMatchObject({ ok: true, maxAppendBytes: 255 });
  });

  it("knows when the end of the file is missing", () => {
    expect(inspectKernel(kernel().subarray(0, 1024 + 305))).toMatchObject({ ok: true });
    expect(inspectKernel(kernel().subarray(0, 1024 + 304))).toEqual({
      ok: false,
      reason: "cut-off",
      neededBytes: 1344,
    });
  });

  it("refuses a zImage", () => {
    expect(inspectKernel(kernel({ loadflags: 0 }))).toMatchObject({ ok: false, reason: "too-old" });
  });

  it.each([
    ["an empty file", new Uint8Array(0), /empty/],
    ["a web page", new TextEncoder().encode("<!doctype html><title>404</title>".padEnd(2000)), /web page/],
    ["an initrd", Uint8Array.from([0x1f, 0x8b, 8, 0, ...new Array(1000).fill(0)]), /initrd/],
    ["a squashfs", new TextEncoder().encode("hsqs".padEnd(2000)), /squashfs/],
    ["a vmlinux", new TextEncoder().encode("\x7fELF".padEnd(2000)), /vmlinux/],
    ["noise", new Uint8Array(5000).fill(3), /something else/],
  ])("is not found in %s, and says what that looks like", (_name, bytes, looksLike) => {
    expect(inspectKernel(bytes)).toEqual({
      ok: false,
      reason: "not-a-kernel",
      looksLike: expect.stringMatching(looksLike),
    });
  });

  it("is read without throwing, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 800 }), fc.boolean(), (bytes, disguised) => {
        if (disguised) bytes.set(kernel().subarray(0, bytes.length));
        expect(inspectKernel(bytes)).toHaveProperty("ok");
      }),
    );
  });
});
