import type { BootFiles } from "../boot-files/boot-files.ts";
import type { MachineSettings } from "../interface.ts";
import { sha256 } from "../sha256.ts";

/** Raised whenever what a checkpoint holds, or how the machine is built, changes in a way that its other parts do not show. */
const GENERATION = 1;

/**
 * What a checkpoint hangs on: the content of all that went into the machine. 64 hexadecimal digits. Another kernel, initrd,
 * firmware, emulator, append line, card, address of the card or memory size has another key, and so boots cold.
 */
export async function checkpointKey(
  settings: MachineSettings,
  files: BootFiles,
  emulator: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const { append, memoryMiB, nic, mtu = 1500, kernelEntry = "decompressed", wireUrl, mac } = settings;
  const contents = [files.kernel, files.initrd, files.bios, files.vgaBios, emulator];
  const digests = await Promise.all(contents.map((bytes) => sha256(bytes as Uint8Array<ArrayBuffer>)));
  // The guest knows its server by the address that it found on this relay's segment.
  const { host } = new URL(wireUrl);
  const all = JSON.stringify({ GENERATION, append, memoryMiB, nic, mac, mtu, kernelEntry, host, digests });
  return sha256(new TextEncoder().encode(all));
}
