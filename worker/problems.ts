import { layersOnDisk, memoryLayerMiB } from "../net/kiwi/layer-parameter.ts";
import type { KernelImage } from "../net/linux/bzimage.ts";
import type { FileResult } from "./boot-files/fetch-file.ts";
import type { MachineSettings, Problem } from "./interface.ts";
import { aoeRoot, parseAoeDevice } from "./milestones/aoe-watch.ts";

/** What a file is to the machine. Its problems' codes begin with it. */
export type FileRole = "kernel" | "initrd" | "firmware";

type FileFailure = Extract<FileResult, { ok: false }>;

const PLACES: Record<FileRole, string> = {
  kernel: "the boot entry's `kernel` line",
  initrd: "the boot entry's `initrd` line",
  firmware: "the firmware folder of the boot tree (`npm start` fills it from Debian's packages)",
};

/** Nothing for a fetch that was given up on purpose. */
export function fileProblem(role: FileRole, url: string, failure: FileFailure): Problem | undefined {
  const at = { severity: "error", milestone: "download" } as const;
  switch (failure.reason) {
    case "aborted":
      return undefined;
    case "unreachable":
      return {
        ...at,
        code: "relay-unreachable",
        message: `The ${role} at ${url} could not be fetched: the server does not answer (${failure.detail}).`,
        advice:
          "See whether the relay is running (`npm start` or `netroot serve`) and whether this address is its own.",
      };
    case "refused":
      if (failure.status === 401) {
        return {
          ...at,
          code: "token-refused",
          message: `The relay does not hand out the ${role} without its token.`,
          advice: "Open the page by the link that `netroot serve` printed last, and power on again.",
        };
      }
      return failure.status === 404
        ? {
            ...at,
            code: `${role}-missing`,
            message: `There is no ${role} at ${url} (404).`,
            advice: `Check ${PLACES[role]}, and that the file lies in the boot tree.`,
          }
        : {
            ...at,
            code: `${role}-refused`,
            message: `The server answered ${failure.status} when asked for the ${role} at ${url}.`,
            advice: "Look at the relay's log, and check that it may read the file.",
          };
    case "truncated":
      return {
        ...at,
        code: `${role}-truncated`,
        message: `The ${role} at ${url} broke off after ${failure.receivedBytes} of ${failure.totalBytes} bytes.`,
        advice:
          "Power on again. If it happens again, the file is being written, or something between cuts it off.",
      };
    default:
      return failure satisfies never;
  }
}

export function kernelProblem(
  url: string,
  bytes: number,
  image: Extract<KernelImage, { ok: false }>,
): Problem {
  const at = { severity: "error", milestone: "download" } as const;
  switch (image.reason) {
    case "64-bit":
      return {
        ...at,
        code: "kernel-64-bit",
        message: `${url} is a 64-bit kernel; the emulated PC is an i686 and cannot run it.`,
        advice:
          "Build the image for i386 (Debian: linux-image-686), or boot this one with `netroot smoke --engine qemu`.",
      };
    case "cut-off":
      return {
        ...at,
        code: "kernel-truncated",
        message: `The kernel at ${url} has ${bytes} bytes; its header says that it has ${image.neededBytes}.`,
        advice: "Copy the file into the boot tree again: it was cut off.",
      };
    case "too-old":
    case "not-a-kernel":
      return {
        ...at,
        code: "kernel-not-bzimage",
        message: `${url} is not a Linux kernel image (bzImage): it looks like ${image.looksLike}.`,
        advice: `Check ${PLACES.kernel}: it must name the compressed kernel, such as vmlinuz or KIWI's .kernel file.`,
      };
    default:
      return image satisfies never;
  }
}

/** Where v86 puts the initrd. */
const INITRD_ADDRESS_MIB = 64;

/** What can be said about the settings once the files are there. */
export function settingsProblem(
  settings: MachineSettings,
  initrdBytes: number,
  maxAppendBytes: number,
): Problem | undefined {
  const neededMiB = INITRD_ADDRESS_MIB + Math.ceil(initrdBytes / 1024 / 1024);
  if (settings.memoryMiB < neededMiB) {
    return {
      severity: "error",
      code: "memory-too-small",
      message: `${settings.memoryMiB} MiB of memory do not hold this initrd, which is put at ${INITRD_ADDRESS_MIB} MiB: it takes ${neededMiB} MiB at the least.`,
      advice: "Give the machine more memory: 512 MiB is enough for most images.",
      milestone: "download",
    };
  }
  const layerMiB = layersOnDisk(settings.append) ? 0 : (memoryLayerMiB(settings.append) ?? 0);
  if (layerMiB > 0 && neededMiB + layerMiB > settings.memoryMiB) {
    return {
      severity: "error",
      code: "layer-too-large",
      message: `A write layer of ${layerMiB} MiB (rd.root.overlay.size) does not fit into ${settings.memoryMiB} MiB of memory beside kernel and initrd, which take ${neededMiB} MiB: a system that filled it would run out of memory, and not of room.`,
      advice: "Give the machine more memory, make the layer smaller, or put it on a disk (write=disk).",
      milestone: "download",
    };
  }
  if (settings.append.length > maxAppendBytes) {
    return {
      severity: "error",
      code: "append-too-long",
      message: `The append line has ${settings.append.length} characters; this kernel reads ${maxAppendBytes}.`,
      advice: "Shorten the append line.",
      milestone: "download",
    };
  }
  return undefined;
}

/** What is wrong in an append line before anything has happened. Some images have a root of their own: a warning. */
export function appendProblem(append: string): Problem | undefined {
  const target = aoeRoot(append);
  if (target !== undefined && parseAoeDevice(target) === undefined) {
    return {
      severity: "error",
      code: "append-aoe-target",
      message: `root=overlay:aoe=${target} names no AoE target: the value is a place such as e0.1 (shelf 0, slot 1), and no network interface.`,
      advice: "Put the target in its place, such as root=overlay:aoe=e0.1.",
      milestone: "root-attached",
    };
  }
  if (target !== undefined && !/(^|\s)rd\.driver\.post=\S*\baoe\b/.test(append)) {
    return {
      severity: "warning",
      code: "append-aoe-early",
      message:
        "The append line does not say when to load the aoe driver: loaded before the network is up, it asks in vain and again a minute later.",
      advice: "Add rd.driver.post=aoe to the append line.",
    };
  }
  if (/(^|\s)root=\S/.test(append)) return undefined;
  return {
    severity: "warning",
    code: "append-without-root",
    message: "The append line has no root=, so the initrd is not told where its root filesystem is.",
    advice:
      "For an image with a network root add root=overlay:nbd=SERVER:EXPORT, such as root=overlay:nbd=10.86.0.1:kisroot.",
  };
}

export function relayUnreachable(url: string): Problem {
  return {
    severity: "error",
    code: "relay-unreachable",
    message: `The network cable has no other end: no relay answers at ${url}.`,
    advice:
      "Start the relay (`npm start` or `netroot serve`), correct its address, or open the page at the relay's own address: it refuses others. The machine keeps trying.",
  };
}

export function relayLost(url: string): Problem {
  return {
    severity: "warning",
    code: "relay-lost",
    message: `The relay at ${url} is gone: the machine's network cable is unplugged.`,
    advice: "The machine keeps trying to reach it. If the relay was stopped, start it again.",
  };
}

/** @param why a sentence */
export function exportRefused(why: string): Problem {
  return {
    severity: "error",
    code: "export-refused",
    message: why,
    advice: "Power the machine off and on again: it attaches the root anew.",
  };
}

export function emulatorFailed(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const isVersion = error instanceof Error && "code" in error && error.code === "emulator-version";
  return {
    severity: "error",
    code: isVersion ? "emulator-version" : "emulator-crashed",
    message: isVersion ? message : `The emulator failed: ${message}`,
    advice: isVersion
      ? "Install the packages again with `npm ci`, and reload the page."
      : "Power on again. If it happens at the same place again, it is a bug worth reporting.",
  };
}

export function guestHalted(): Problem {
  return {
    severity: "warning",
    code: "guest-halted",
    message: "The system has halted its processor; the machine is switched off.",
    advice: "Power on to start it again. What was written to the root is gone: it was in memory.",
  };
}
