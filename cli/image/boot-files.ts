/** What a boot tree holds beside the image: texts that we write, and boot programs that Debian's packages bring. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "./errors.ts";

export const LABEL = "Overlay-Boot";
export const AOE_LABEL = "Overlay-Boot-AoE";
export const EXPORT = "kisroot";
/** Where the relay puts the tree's only export, unless netroot.toml says otherwise. */
const AOE_TARGET = "e0.1";
export const GATEWAY = "10.86.0.1";
const NBD_PORT = 10809;

export interface HostFile {
  readonly source: string;
  /** Path in the tree. */
  readonly target: string;
}

const PXELINUX = "/usr/lib/PXELINUX";
const SYSLINUX = "/usr/lib/syslinux/modules/bios";
const SEABIOS = "/usr/share/seabios";
const IPXE = "/usr/lib/ipxe/qemu";

export const HOST_FILES: readonly HostFile[] = [
  ...["pxelinux.0", "lpxelinux.0"].map((name) => ({
    source: join(PXELINUX, name),
    target: `tftpboot/${name}`,
  })),
  ...["ldlinux.c32", "libcom32.c32", "libutil.c32", "menu.c32", "vesamenu.c32"].map((name) => ({
    source: join(SYSLINUX, name),
    target: `tftpboot/${name}`,
  })),
  { source: join(SEABIOS, "bios.bin"), target: "firmware/bios.bin" },
  // v86's VGA card is the standard one; vgabios.bin is the name under which an emulator looks for it.
  { source: join(SEABIOS, "vgabios-stdvga.bin"), target: "firmware/vgabios.bin" },
  { source: join(SEABIOS, "vgabios-stdvga.bin"), target: "firmware/vgabios-stdvga.bin" },
  ...["pxe-ne2k_pci.rom", "pxe-virtio.rom", "pxe-e1000.rom", "pxe-rtl8139.rom"].map((name) => ({
    source: join(IPXE, name),
    target: `firmware/${name}`,
  })),
];

export function requireHostFiles(exists: (path: string) => boolean = existsSync): void {
  const missing = HOST_FILES.map((file) => file.source).filter((path) => !exists(path));
  if (missing.length === 0) return;
  throw new ImageError(
    "tools-missing",
    `Boot programs are missing on this machine: ${missing.join(", ")}. Run "node setup/debian.mjs serve" in netroot's folder.`,
  );
}

/** pxelinux.cfg/default: the image over NBD, and over AoE. */
export function pxelinuxConfig(kernelParameters: string): string {
  const append = (root: string) => `initrd=boot/initrd ${root} ${kernelParameters}`.trim();
  return `# The boot entries of this tree. Written by "netroot image build"; what you change here is kept.
#
# ip= is static because asking for an address costs a machine that boots in a browser tab some seconds; ip=dhcp works
# as well. The network mask in its second field is what spares dracut its two seconds of looking for another machine
# with the same address. What comes after the consoles only makes the kernel start sooner, and can be left out: no crypto
# self-tests, no ISA plug and play, no address randomisation of the kernel, no CPU mitigations, and none of a few parts
# that a network root has no use for (kprobe and block tracing, certificates, encrypted keys, key derivation).
#
# aoe=e0.1 names a target (shelf 0, slot 1), and no network interface. rd.driver.post=aoe has the driver loaded when the network
# is up: otherwise it asks for its targets too early, and then only a minute later again.
DEFAULT ${LABEL}
PROMPT 0
TIMEOUT 50

LABEL ${LABEL}
    MENU LABEL Debian, root over NBD, overlay in RAM
    kernel boot/linux
    append ${append(`root=overlay:nbd=${GATEWAY}:${EXPORT}`)}

LABEL ${AOE_LABEL}
    MENU LABEL Debian, root over ATA over Ethernet, overlay in RAM
    kernel boot/linux
    append ${append(`root=overlay:aoe=${AOE_TARGET} rd.driver.post=aoe`)}
`;
}

/** The nbd-server's configuration, as its own documentation shows it: [generic] first, then a section an export. */
export function nbdServerConfig(tree: string): string {
  return `# For the real nbd-server. Written by "netroot image build"; what you change here is kept. The clients reach this
# server through netroot, which starts it on a port of its own: it listens on this machine only.
[generic]
    port = ${NBD_PORT}
    listenaddr = 127.0.0.1

[${EXPORT}]
    exportname = ${join(tree, "exports", `${EXPORT}.squashfs`)}
    readonly = true
`;
}
