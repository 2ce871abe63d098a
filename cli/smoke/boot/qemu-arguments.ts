import type { BootWay, NicModel } from "../plan.ts";
import type { Accelerator } from "./accelerator.ts";

export interface QemuMachine {
  readonly boot: BootWay;
  readonly nic: NicModel;
  readonly memoryMiB: number;
  readonly mtu: number;
  readonly accelerator: Accelerator;
  /** The UNIX socket at which the card plugs in. */
  readonly socket: string;
  /** The UNIX socket that is made for QMP. */
  readonly monitor: string;
  readonly kernel: string;
  /** Absent where the kernel boots without. */
  readonly initrd?: string;
  readonly append: string;
}

/** What qemu-system-i386 and -x86_64 are told: the same machine as in v86, as far as they have the same parts. */
export function qemuArguments(machine: QemuMachine): string[] {
  const { boot, nic, memoryMiB, mtu, accelerator, socket, monitor, kernel, initrd, append } = machine;
  const card = nic === "virtio" ? `virtio-net-pci,netdev=boot,host_mtu=${mtu}` : "ne2k_pci,netdev=boot";
  return [
    ["-accel", accelerator === "kvm" ? "kvm" : "tcg,thread=single"],
    ["-m", String(memoryMiB)],
    ["-nodefaults", "-display", "none", "-vga", "std", "-no-reboot", "-serial", "stdio"],
    ["-qmp", `unix:${comma(monitor)},server=on,wait=off`],
    ["-netdev", `stream,id=boot,server=off,addr.type=unix,addr.path=${comma(socket)}`],
    boot === "pxe" ? ["-device", `${card},bootindex=0`] : ["-device", `${card},romfile=`],
    boot === "pxe"
      ? []
      : ["-kernel", kernel, ...(initrd === undefined ? [] : ["-initrd", initrd]), "-append", append],
  ].flat();
}

/** In a list of options a comma is written twice. */
function comma(path: string): string {
  return path.replaceAll(",", ",,");
}
