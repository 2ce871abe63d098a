import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type Accelerator = "kvm" | "tcg";

const KVM = "/dev/kvm";
const PATIENCE_MS = 2000;
const SECTOR_BYTES = 512;
/** mov dx, 0x3f8 · mov al, 'K' · out dx, al · cli · hlt: says K on the first serial port, and stops. */
const SAY_K = [0xba, 0xf8, 0x03, 0xb0, 0x4b, 0xee, 0xfa, 0xf4];

/**
 * KVM where it runs code, else TCG. That the device may be opened says little: in a virtual machine it may be there and hang.
 * @param folder for a boot sector
 */
export async function chooseAccelerator(program: string, folder: string): Promise<Accelerator> {
  const may = await access(KVM, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return may && (await runsCode(program, "kvm", folder)) ? "kvm" : "tcg";
}

/** Whether a machine that is accelerated so gets through its firmware and into a boot sector. */
export async function runsCode(program: string, accelerator: Accelerator, folder: string): Promise<boolean> {
  const sector = Buffer.alloc(SECTOR_BYTES);
  sector.set(SAY_K);
  sector.writeUInt16LE(0xaa55, SECTOR_BYTES - 2);
  const path = join(folder, "sector");
  await writeFile(path, sector);
  const qemu = spawn(
    program,
    [
      ...["-accel", accelerator, "-m", "32", "-nodefaults", "-display", "none", "-serial", "stdio"],
      ...["-blockdev", `driver=file,filename=${path.replaceAll(",", ",,")},node-name=sector`],
      ...["-device", "floppy,drive=sector,drive-type=144", "-boot", "a", "-net", "none"],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  return new Promise((resolve) => {
    let said = false;
    const timer = setTimeout(() => qemu.kill("SIGKILL"), PATIENCE_MS);
    qemu.stdout.on("data", (chunk: Buffer) => {
      said ||= chunk.includes("K");
      if (said) qemu.kill("SIGKILL");
    });
    const end = () => {
      clearTimeout(timer);
      resolve(said);
    };
    qemu.once("error", end);
    qemu.once("close", end);
  });
}
