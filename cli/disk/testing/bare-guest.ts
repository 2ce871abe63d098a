import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { decompressedKernel } from "../../../worker/kernel/decompressed-kernel.ts";
import { buildPc, type Pc, type PcHandlers, type PcOptions } from "../../../worker/v86/pc.ts";
import { nodePlatform } from "../../engine/node-platform.ts";

const MEMORY_MIB = 192;
/** Only ends what hangs. */
const PATIENCE_MS = 60_000;

/**
 * What a guest is built of that runs one program of its initrd, and has no network.
 * @param tree a boot tree, for its kernel, initrd and firmware
 * @param init `rdinit=/PROGRAM`
 * @param added a cpio archive with that program, to be put behind the tree's own initrd
 */
export async function bareGuestOptions(
  tree: string,
  init: string,
  added: Uint8Array,
): Promise<Omit<PcOptions, "disk">> {
  const file = async (path: string) => new Uint8Array(await readFile(join(tree, path)));
  const append = `${init} console=ttyS0 quiet nokaslr noisapnp cryptomgr.notests mitigations=off`;
  const kernel = await file("tftpboot/boot/linux");
  const own = await file("tftpboot/boot/initrd");
  const initrd = new Uint8Array(Math.ceil(own.length / 4) * 4 + added.length);
  initrd.set(own);
  initrd.set(added, Math.ceil(own.length / 4) * 4);
  return {
    emulator: new Uint8Array(await readFile(createRequire(import.meta.url).resolve("v86/build/v86.wasm"))),
    bios: await file("firmware/bios.bin"),
    vgaBios: await file("firmware/vgabios.bin"),
    kernel: (await decompressedKernel(kernel, append)) ?? kernel,
    initrd,
    append,
    memoryMiB: MEMORY_MIB,
    nic: { type: "virtio" },
  };
}

/** A guest whose console and disk are all that there is of it. */
export interface BareGuest {
  readonly pc: Pc;
  readonly console: string;
  say(line: string): void;
  /** Resolves between two slices of guest time. */
  until(condition: (console: string) => boolean): Promise<void>;
}

export async function startBareGuest(options: PcOptions): Promise<BareGuest> {
  let console = "";
  let look = () => {};
  let failed: (error: unknown) => void = () => {};
  const nothing = () => {};
  const handlers: PcHandlers = {
    serial: (byte) => {
      console += String.fromCharCode(byte);
    },
    tick: () => look(),
    crashed: (error) => failed(error),
    diskFailed: (error) => failed(error),
    halted: () => failed(new Error("the guest has halted")),
    reboot: () => failed(new Error(`the guest restarts: ${console.slice(-2000)}`)),
    frame: nothing,
    character: nothing,
    cursor: nothing,
    cursorVisible: nothing,
    screenSize: nothing,
    screenMode: nothing,
    diskChanged: nothing,
  };
  const { openTurns, after, clock } = nodePlatform;
  const pc = await buildPc(options, handlers, openTurns(), after, clock);
  return {
    pc,
    get console() {
      return console;
    },
    say: (line) => pc.uart.receive(Buffer.from(line)),
    until(condition) {
      return new Promise((resolve, reject) => {
        const over = setTimeout(
          () => failed(new Error(`in vain; the console says: ${console.slice(-2000)}`)),
          PATIENCE_MS,
        );
        failed = (error) => {
          clearTimeout(over);
          reject(error);
        };
        look = () => {
          if (!condition(console)) return;
          look = nothing;
          clearTimeout(over);
          resolve();
        };
      });
    },
  };
}
