import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** What a kernel was started with. */
export interface Started {
  /** `BOOT_IMAGE=` included: PXELINUX puts it in front. */
  readonly commandLine: string;
  readonly initrdBytes: number;
}

const PROGRAMS = [
  "/usr/lib/PXELINUX/pxelinux.0",
  ...["ldlinux.c32", "libcom32.c32", "libutil.c32", "menu.c32"].map(
    (name) => `/usr/lib/syslinux/modules/bios/${name}`,
  ),
];

/** A tftpboot tree with the real pxelinux.0, from which the real qemu-system-i386 boots. */
export class PxelinuxLab {
  readonly tree = mkdtempSync(join(tmpdir(), "netroot-pxelinux-"));

  constructor() {
    for (const program of PROGRAMS) copyFileSync(program, join(this.tree, basename(program)));
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.tree, path)), { recursive: true });
    writeFileSync(join(this.tree, path), content);
  }

  copy(folder: string): void {
    cpSync(folder, this.tree, { recursive: true });
  }

  /** Boots over the network, as nobody sits at the keyboard, until a telltale kernel says what it was started with. */
  async boot(signal: AbortSignal, uuid = "00000000-0000-0000-0000-000000000000"): Promise<Started> {
    const qemu = spawn(
      "qemu-system-i386",
      [
        [
          "-m",
          "128",
          "-display",
          "none",
          "-monitor",
          "none",
          "-serial",
          "stdio",
          "-no-reboot",
          "-uuid",
          uuid,
        ],
        ["-boot", "n", "-netdev", `user,id=net,tftp=${this.tree},bootfile=pxelinux.0`],
        ["-device", "e1000,netdev=net", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
      ].flat(),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const stop = () => qemu.kill("SIGKILL");
    signal.addEventListener("abort", stop, { once: true });
    let said = "";
    qemu.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
    });
    try {
      await new Promise<void>((resolve, reject) => {
        qemu.once("error", reject);
        qemu.once("close", () => resolve());
      });
    } finally {
      signal.removeEventListener("abort", stop);
    }
    const match = /(BOOT_IMAGE=[^\n]*)\n([0-9a-f]{8})\n/.exec(said);
    if (match === null) throw new Error(`No kernel was started. The serial port said: ${said}`);
    return { commandLine: match[1]!.trim(), initrdBytes: Number.parseInt(match[2]!, 16) };
  }

  close(): void {
    rmSync(this.tree, { recursive: true });
  }
}
