import { tokenOfFragment } from "../../net/access/token.ts";
import { initrdsOf, withLeasedAddress } from "../../net/pxelinux/append.ts";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import type { MachineSettings } from "../../worker/interface.ts";

export interface EntryOptions {
  /** The relay's page, `http://127.0.0.1:8086/`, with the token in its fragment where the relay demands one. */
  readonly relayUrl: string;
  /** The boot tree's pxelinux.cfg/default. */
  readonly menu: string;
  /** Its default entry unless given. */
  readonly label?: string;
  /** Changes the entry's append line before it is used. */
  readonly append?: (append: string) => string;
  readonly memoryMiB?: number;
  readonly nic?: MachineSettings["nic"];
  /** Of the relay's segment, as its status says. */
  readonly mtu?: number;
  /** Whether other machines are on that segment; then the address is asked for. */
  readonly segment?: RelayStatus["network"]["mode"];
}

/** An entry of the boot menu that cannot be booted. The message is a sentence for a person. */
export class BootEntryError extends Error {
  readonly code = "boot-entry";
  constructor(message: string) {
    super(message);
    this.name = "BootEntryError";
  }
}

const DEFAULT_MEMORY_MIB = 512;

/** The settings with which a machine boots an entry of a boot tree from its relay. */
export function entrySettings(options: EntryOptions): MachineSettings {
  const { relayUrl, menu, memoryMiB = DEFAULT_MEMORY_MIB, nic = "virtio" } = options;
  const config = parsePxelinux(menu);
  const label = options.label ?? config.defaultLabel;
  const entry = config.entries.find((candidate) => candidate.label === label);
  if (!entry) {
    const there = config.entries.map((candidate) => candidate.label).join(", ");
    throw new BootEntryError(`The boot menu has no entry ${label ?? ""}; there is: ${there || "none"}.`);
  }
  if (entry.kernel === undefined) throw new BootEntryError(`The entry ${entry.label} has no Linux kernel.`);
  const file = (name: string) => {
    const path = treePath(name, entry.prefix);
    if (!path.ok)
      throw new BootEntryError(`The entry ${entry.label} names ${name}, which is not in the boot tree.`);
    return new URL(`tftpboot/${path.path}`, relayUrl).href;
  };
  const line = options.append?.(entry.append) ?? entry.append;
  const append = options.segment === "shared" ? withLeasedAddress(line) : line;
  const wire = new URL("wire", relayUrl);
  wire.protocol = wire.protocol === "https:" ? "wss:" : "ws:";
  const token = tokenOfFragment(new URL(relayUrl).hash);
  return {
    boot: "direct",
    nic,
    memoryMiB,
    append,
    kernelUrl: file(entry.kernel),
    initrdUrls: initrdsOf(append).map(file),
    biosUrl: new URL("firmware/bios.bin", relayUrl).href,
    vgaBiosUrl: new URL("firmware/vgabios.bin", relayUrl).href,
    wireUrl: wire.href,
    ...(token !== undefined && { token }),
    ...(options.mtu !== undefined && nic === "virtio" && { mtu: options.mtu }),
  };
}
