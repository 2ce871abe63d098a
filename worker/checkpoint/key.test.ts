import { expect, test } from "vitest";
import type { BootFiles } from "../boot-files/boot-files.ts";
import type { MachineSettings } from "../interface.ts";
import { checkpointKey } from "./key.ts";

const settings: MachineSettings = {
  boot: "direct",
  nic: "virtio",
  memoryMiB: 512,
  append: "root=overlay:nbd=10.86.0.1:kisroot",
  kernelUrl: "http://relay.example.org/tftpboot/boot/linux",
  initrdUrls: ["http://relay.example.org/tftpboot/boot/initrd"],
  biosUrl: "http://relay.example.org/firmware/bios.bin",
  vgaBiosUrl: "http://relay.example.org/firmware/vgabios.bin",
  wireUrl: "ws://relay.example.org/wire",
};
const files: BootFiles = {
  kernel: Uint8Array.of(1),
  initrd: Uint8Array.of(2),
  bios: Uint8Array.of(3),
  vgaBios: Uint8Array.of(4),
};
const emulator = Uint8Array.of(5);
const usual = await checkpointKey(settings, files, emulator);

test("the same machine has the same key, wherever its files are called from", async () => {
  expect(usual).toMatch(/^[0-9a-f]{64}$/);
  const moved = { ...settings, kernelUrl: "http://relay.example.org/elsewhere", mtu: 1500 };
  expect(await checkpointKey(moved, { ...files }, emulator.slice())).toBe(usual);
});

test("the relay's token is no part of it: it may change with each start", async () => {
  expect(await checkpointKey({ ...settings, token: "0123456789abcdef" }, files, emulator)).toBe(usual);
});

test.each([
  { append: "root=overlay:nbd=10.86.0.1:other" },
  { memoryMiB: 256 },
  { nic: "ne2k" as const },
  { mtu: 9000 },
  { mac: "02:6e:72:01:00:00" },
  { kernelEntry: "compressed" as const },
  { wireUrl: "ws://other.example.org/wire" },
])("another setting is another key: %o", async (change) => {
  expect(await checkpointKey({ ...settings, ...change }, files, emulator)).not.toBe(usual);
});

test.each(["kernel", "initrd", "bios", "vgaBios"] as const)("another %s is another key", async (file) => {
  const changed = { ...files, [file]: Uint8Array.of(9) };
  expect(await checkpointKey(settings, changed, emulator)).not.toBe(usual);
});

test("another emulator is another key, and files that swapped their places are", async () => {
  expect(await checkpointKey(settings, files, Uint8Array.of(6))).not.toBe(usual);
  const swapped = { ...files, kernel: files.initrd, initrd: files.kernel };
  expect(await checkpointKey(settings, swapped, emulator)).not.toBe(usual);
});
