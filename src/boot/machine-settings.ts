import { formatMac } from "../../net/ethernet/mac.ts";
import { initrdsOf, withLeasedAddress } from "../../net/pxelinux/append.ts";
import type { PxelinuxEntry } from "../../net/pxelinux/config.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import { commandLine, type SysAppendFacts } from "../../net/pxelinux/sysappend.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import type { MachineSettings, Problem } from "../../worker/interface.ts";
import type { RelayUrls } from "../network/relay-urls.ts";

/** What is chosen on the page. */
export interface BootChoice {
  readonly boot: MachineSettings["boot"];
  /** None where the firmware chooses. */
  readonly entry: PxelinuxEntry | undefined;
  /** The entry's append line, as it was edited. */
  readonly append: string;
  readonly nic: MachineSettings["nic"];
  readonly memoryMiB: number;
  readonly checkpoint: NonNullable<MachineSettings["checkpoint"]>;
  readonly kernelEntry: NonNullable<MachineSettings["kernelEntry"]>;
  readonly jit?: MachineSettings["jit"];
  readonly near: NonNullable<MachineSettings["near"]>;
  /** None where the system's writes are to stay in memory. */
  readonly disk?: MachineSettings["disk"];
  /** Of the relay's segment, where it is known. */
  readonly mtu?: number;
  /** Whether other machines are on the relay's segment, where that is known. */
  readonly segment?: RelayStatus["network"]["mode"];
  /** The relay's, where it is known. */
  readonly token?: string;
  /** What SYSAPPEND can add; its `mac` is the card's address. */
  readonly facts?: SysAppendFacts;
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: MachineSettings }
  | { readonly ok: false; readonly problem: Problem };

/** The `initrd=` of the edited line counts: on real hardware it does as well. */
export function machineSettings(choice: BootChoice, urls: RelayUrls): SettingsResult {
  const { entry, append } = choice;
  if (choice.boot === "pxe") return { ok: true, settings: firmwareSettings(choice, urls) };
  if (entry?.kernel === undefined) {
    return refused(
      "entry-unbootable",
      `The entry ${entry?.label ?? ""} boots something other than a Linux kernel.`,
      "Choose another entry.",
    );
  }
  const files = [entry.kernel, ...initrdsOf(append)].map((name) => ({
    name,
    tree: treePath(name, entry.prefix),
  }));
  const bad = files.find((file) => !file.tree.ok);
  if (bad !== undefined) {
    return refused(
      "file-outside",
      `The boot entry names the file ${bad.name}, which is not in the boot tree.`,
      "Files are named by their path in the tree's tftpboot folder, such as boot/linux.",
    );
  }
  const shared = choice.segment === "shared";
  const line = commandLine(
    { append: append.replace(/\s+/g, " ").trim(), sysAppend: entry.sysAppend },
    choice.facts ?? {},
  );
  const [kernelUrl, ...initrdUrls] = files.map((file) => urls.file(file.tree.ok ? file.tree.path : ""));
  return {
    ok: true,
    settings: {
      boot: "direct",
      nic: choice.nic,
      ...cardOf(choice),
      memoryMiB: choice.memoryMiB,
      append: shared ? withLeasedAddress(line) : line,
      kernelUrl: kernelUrl!,
      initrdUrls,
      biosUrl: urls.bios,
      vgaBiosUrl: urls.vgaBios,
      wireUrl: urls.wire,
      near: choice.near,
      ...(choice.token !== undefined && { token: choice.token }),
      // The other card has no way to tell its driver.
      ...(choice.mtu !== undefined && choice.nic === "virtio" && { mtu: choice.mtu }),
      // Every machine that goes on from one is the same machine: address and all.
      checkpoint: shared ? "off" : choice.checkpoint,
      kernelEntry: choice.kernelEntry,
      ...(choice.disk && { disk: choice.disk }),
      ...(choice.jit && { jit: choice.jit }),
    },
  };
}

/** The menu is the boot server's then, and the page has no say in what it does. */
function firmwareSettings(choice: BootChoice, urls: RelayUrls): MachineSettings {
  return {
    boot: "pxe",
    nic: "ne2k",
    ...cardOf(choice),
    memoryMiB: choice.memoryMiB,
    append: "",
    kernelUrl: "",
    initrdUrls: [],
    biosUrl: urls.bios,
    vgaBiosUrl: urls.vgaBios,
    romUrl: urls.rom,
    wireUrl: urls.wire,
    near: choice.near,
    ...(choice.token !== undefined && { token: choice.token }),
    ...(choice.disk && { disk: choice.disk }),
    ...(choice.jit && { jit: choice.jit }),
  };
}

function cardOf({ facts }: BootChoice): Pick<MachineSettings, "mac"> {
  return facts?.mac === undefined ? {} : { mac: formatMac(facts.mac) };
}

function refused(code: string, message: string, advice: string): SettingsResult {
  return { ok: false, problem: { severity: "error", code, message, advice } };
}
