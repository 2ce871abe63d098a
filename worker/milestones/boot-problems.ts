import type { MilestoneName, Problem } from "../interface.ts";

export function exportUnknown(name: string, serverSays: string): Problem {
  return {
    severity: "error",
    code: "export-unknown",
    message: `The server has no export named ${quoted(name)}${said(serverSays)}`,
    advice:
      "Correct the name behind the last colon of root=overlay:nbd=SERVER:EXPORT, or add the image to the boot tree's exports.",
    milestone: "root-attached",
  };
}

export function exportRefused(name: string, serverSays: string): Problem {
  return {
    severity: "error",
    code: "export-refused",
    message: `The server refused the export ${quoted(name)}${said(serverSays)}`,
    advice: "Look at the log of the relay and of the NBD server behind it.",
    milestone: "root-attached",
  };
}

export function rootServerRefused(port: number): Problem {
  return {
    severity: "error",
    code: "root-server-refused",
    message: `The connection to the root's server was refused (TCP port ${port}).`,
    advice:
      "Check the address in root=overlay:nbd=SERVER:EXPORT: the relay's own is 10.86.0.1 unless it was configured otherwise.",
    milestone: "root-attached",
  };
}

/** A warning only: a server that comes later is found. @param asked how often */
export function dhcpSilent(asked: number): Problem {
  return {
    severity: "warning",
    code: "dhcp-silent",
    message: `The guest has asked for an address ${asked} times; no DHCP server answers on this segment.`,
    advice:
      "See whether the relay runs and the wire is open. A static ip= in the append line does without DHCP.",
  };
}

/** @param heard what there is instead */
export function aoeUnknown(wanted: string, heard: readonly string[]): Problem {
  return {
    severity: "error",
    code: "aoe-unknown",
    message: `The guest asks for ${wanted}; this segment exports ${heard.join(", ")}.`,
    advice: "Correct the target in root=overlay:aoe=TARGET, or `aoe` of the export in netroot.toml.",
    milestone: "root-attached",
  };
}

/** A warning only: a target that comes later announces itself, and is found. */
export function aoeSilent(wanted: string | undefined): Problem {
  return {
    severity: "warning",
    code: "aoe-silent",
    message: `The guest asks for ${wanted ?? "AoE targets"}; no AoE target answers on this segment.`,
    advice:
      'Give an export a target in netroot.toml (aoe = "e0.1" in its [[export]]), see on the page whether the export is ready, or start vblade on the segment.',
    milestone: "root-attached",
  };
}

export function aoeRefused(target: string, error: number): Problem {
  return {
    severity: "error",
    code: "aoe-refused",
    message: `The AoE target ${target} refuses the guest: ${AOE_ERRORS[error] ?? `error ${error}`}.`,
    advice: "Look at the target: at who has reserved it (aoe-discover, aoe-stat), and at its log.",
    milestone: "root-attached",
  };
}

/** AoEr11 section 2.4. */
const AOE_ERRORS: Readonly<Record<number, string>> = {
  1: "it does not know the command",
  2: "it finds an argument wrong",
  3: "its device is not available",
  4: "it has another configuration",
  5: "it does not speak this version of AoE",
  6: "it is reserved for others",
};

export function kernelPanic(reason: string): Problem {
  return {
    severity: "error",
    code: "kernel-panic",
    message: `The kernel has panicked: ${reason}.`,
    advice:
      "The lines before it on the console say why. A missing driver in the initrd and a wrong root= are the usual causes.",
  };
}

export function emergencyShell(): Problem {
  return {
    severity: "error",
    code: "emergency-shell",
    message: "The initrd has given up and opened an emergency shell.",
    advice:
      "The console accepts commands: /run/initramfs/rdsosreport.txt says what it tried. Add rd.debug to the append line to see more.",
  };
}

export function initrdFatal(reason: string): Problem {
  return {
    severity: "error",
    code: "initrd-fatal",
    message: `The initrd has given up: ${reason}`,
    advice: fatalAdvice(reason),
  };
}

export function stalled(milestone: MilestoneName, forMs: number): Problem {
  const { waitsFor, advice } = STALLS[milestone];
  return {
    severity: "warning",
    code: "stalled",
    message: `Nothing has happened for ${Math.round(forMs / 1000)} seconds, while ${waitsFor}.`,
    advice,
    milestone,
  };
}

const LOOK_AT_CONSOLE = "Look at the last lines of the console and of the screen.";

const STALLS: Record<MilestoneName, { readonly waitsFor: string; readonly advice: string }> = {
  "power-on": { waitsFor: "switching on", advice: "Power off and on again." },
  firmware: {
    waitsFor: "the firmware was starting",
    advice: "Check that the BIOS images are Debian's, and look at the screen.",
  },
  dhcp: {
    waitsFor: "the machine waited for an address",
    advice:
      "See whether the wire is open and the relay runs. A static ip= in the append line does without DHCP.",
  },
  download: {
    waitsFor: "the kernel and the initrd were being fetched",
    advice: "See whether the relay runs.",
  },
  kernel: {
    waitsFor: "the kernel was starting",
    advice:
      "If the append line has no console=ttyS0, the kernel talks to the screen only; otherwise power on again.",
  },
  initrd: { waitsFor: "the kernel was looking for its initrd", advice: LOOK_AT_CONSOLE },
  network: {
    waitsFor: "the initrd waited for the network",
    advice:
      "Check ip= in the append line and that the initrd has the card's driver (virtio_net or ne2k-pci).",
  },
  "root-attached": {
    waitsFor: "the initrd waited for its root",
    advice:
      "Check root= in the append line, and that the initrd has the driver: nbd with nbd-client, or aoe, loaded after the network is up (rd.driver.post=aoe).",
  },
  "root-mounted": { waitsFor: "the root was being mounted", advice: LOOK_AT_CONSOLE },
  "switch-root": { waitsFor: "the initrd was changing over to the root", advice: LOOK_AT_CONSOLE },
  userspace: { waitsFor: "the system was about to start", advice: LOOK_AT_CONSOLE },
  login: {
    waitsFor: "the system was starting",
    advice: "If nothing asks for a login on ttyS0, look at the screen; otherwise a service is waiting.",
  },
};

function fatalAdvice(reason: string): string {
  if (/overlay\(rw\)/.test(reason)) {
    return "rd.root.overlay.write= must name a partition that exists and has a filesystem: it is never formatted.";
  }
  if (/iscsi|nbd|aoe|network/i.test(reason))
    return "Check root= in the append line and that the server runs.";
  return "The lines before it on the console say more.";
}

function quoted(name: string): string {
  return name === "" ? "(no name)" : `“${name}”`;
}

function said(words: string): string {
  const trimmed = words.trim();
  return trimmed === "" ? "." : `. It says: ${trimmed.replace(/\.$/, "")}.`;
}

/** @param words of the server */
export function firstBootFileRefused(path: string, words: string): Problem {
  return {
    severity: "error",
    code: "boot-file-missing",
    message: `The machine is to boot ${path}, and the boot server does not have it${said(words)}`,
    advice:
      "Put the file into the boot tree's tftpboot folder (`netroot image build` writes a menu and pxelinux), or name another one with [boot] in netroot.toml.",
  };
}

/** A warning only: what fetches it may do without. @param words of the server */
export function bootFileRefused(path: string, words: string): Problem {
  return {
    severity: "warning",
    code: "boot-file-refused",
    message: `The machine asked for ${path}, and the boot server does not have it${said(words)}`,
    advice:
      "Names are those of the boot tree's tftpboot folder, upper and lower case told apart: correct the entry in pxelinux.cfg, or put the file there.",
  };
}

export function menuMissing(): Problem {
  return {
    severity: "error",
    code: "menu-missing",
    message:
      "PXELINUX finds no menu: the boot tree has no pxelinux.cfg/default, nor a file of the names that it asks for before that.",
    advice: "`netroot image build` writes one; or name yours with [boot] config in netroot.toml.",
  };
}

export function bootModuleMissing(module: string): Problem {
  return {
    severity: "error",
    code: "boot-module-missing",
    message: `PXELINUX cannot load ${module}.`,
    advice: `Copy ${module} and the modules that it needs (libcom32.c32, libutil.c32) beside pxelinux.0, from the same version of SYSLINUX.`,
  };
}

/** @param reason in the loader's words */
export function entryUnloadable(file: string, reason: string): Problem {
  return {
    severity: "error",
    code: "boot-entry-failed",
    message: `PXELINUX cannot load ${file}: ${reason}.`,
    advice:
      "Check the KERNEL and INITRD lines of the entry in pxelinux.cfg, and that the file lies in the boot tree's tftpboot folder.",
  };
}

export function kernelNotStarted(reason: string): Problem {
  return {
    severity: "error",
    code: "kernel-not-bzimage",
    message: `PXELINUX has loaded the kernel and cannot start it: ${reason}.`,
    advice:
      "The entry's KERNEL line must name a Linux kernel image (bzImage), such as vmlinuz or KIWI's .kernel file.",
  };
}

/** @param entry of the menu */
export function entryNotStarted(entry: string): Problem {
  return {
    severity: "error",
    code: "boot-entry-failed",
    message: `The boot entry ${entry} cannot be started.`,
    advice:
      "The screen says why. Press a key there to choose another entry, or mend this one in pxelinux.cfg.",
  };
}

export function nothingToBoot(): Problem {
  return {
    severity: "error",
    code: "boot-file-unnamed",
    message: "The machine got an address, and no name of a file to boot.",
    advice:
      "The boot tree's tftpboot folder has neither pxelinux.cfg nor pxelinux.0: `netroot image build` makes both, [boot] in netroot.toml names something else.",
  };
}

/** @param needed and @param found are processors, in the kernel's words */
export function kernelWantsOtherCpu(needed: string, found: string): Problem {
  return {
    severity: "error",
    code: needed === "x86-64" ? "kernel-64-bit" : "kernel-other-cpu",
    message: `The kernel is for an ${needed} processor, and the machine has an ${found}.`,
    advice:
      "Build the image for i386 (Debian: linux-image-686), or boot this one with `netroot smoke --engine qemu`.",
  };
}
