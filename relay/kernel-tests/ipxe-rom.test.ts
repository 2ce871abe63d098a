import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseDhcp } from "../../net/dhcp/message.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import { parseEthernet } from "../../net/ethernet/ethernet.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { parseIpv4Packet } from "../../net/ipv4/packet.ts";
import { parseRouterSolicitation } from "../../net/router-discovery/router-discovery.ts";
import type { TftpOpen } from "../../net/tftp/file.ts";
import { parseUdp } from "../../net/udp/udp.ts";
import { openBootFiles } from "../tftp/boot-files.ts";
import { type BootRom, startBootRom } from "./qemu-boot-rom.ts";

type Card = "ne2k_pci" | "virtio-net-pci";

let rom: BootRom | undefined;
let tree: string;
beforeEach(async () => {
  // Debian's own pxelinux, and nothing else.
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
  await mkdir(join(tree, "boot"));
  await copyFile("/usr/lib/PXELINUX/pxelinux.0", join(tree, "pxelinux.0"));
  await copyFile("/usr/lib/syslinux/modules/bios/ldlinux.c32", join(tree, "boot/ldlinux.c32"));
});
afterEach(async () => {
  await rom?.close();
  rom = undefined;
  await rm(tree, { recursive: true });
});

/** Boots with these settings; notes what the PC asked for, by DHCP, by router discovery and by TFTP. */
async function boot(pxe: PxeConfig, card: Card) {
  const asked = { dhcp: [] as (number | undefined)[], routers: 0, names: [] as string[] };
  const files = openBootFiles(tree);
  const open: TftpOpen = (name, client) => {
    asked.names.push(name);
    return files(name, client);
  };
  rom = await startBootRom(
    { address: parseIpv4("10.86.0.1")!, prefixLength: 24, mtu: 1500, services: [], pxe, tftp: { open } },
    card,
    (frame) => {
      const type = dhcpTypeOf(frame);
      if (type !== undefined) asked.dhcp.push(type);
      if (parseRouterSolicitation(frame)?.kind === "router-solicitation") asked.routers++;
    },
  );
  return asked;
}

/** The type of the DHCP message in a frame to a server. */
function dhcpTypeOf(frame: Uint8Array): number | undefined {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed") return undefined;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed") return undefined;
  const datagram = parseUdp(packet.payload, packet.source, packet.destination);
  if (datagram.kind === "malformed" || datagram.destinationPort !== 67) return undefined;
  const message = parseDhcp(datagram.payload);
  return message.kind === "malformed" ? undefined : message.options.messageType;
}

const eventually = (condition: () => void) => vi.waitFor(condition, { timeout: 50_000, interval: 50 });

describe("a PC with iPXE in its card's ROM", () => {
  it.each<Card>(["ne2k_pci", "virtio-net-pci"])(
    "asks nothing twice and loads pxelinux, which goes where it is told (%s)",
    async (card) => {
      const asked = await boot(
        { file: "pxelinux.0", configFile: "pxelinux.cfg/class", pathPrefix: "/boot/" },
        card,
      );
      // pxelinux found both of its options in the answer that iPXE got.
      await eventually(() => expect(asked.names).toContain("/boot/pxelinux.cfg/class"));
      expect(asked.names[0]).toBe("pxelinux.0");
      expect(asked.names).toContain("/boot/ldlinux.c32");
      // It took the first offer, without waiting for other servers, and no router was waited for.
      expect(asked.dhcp).toEqual([dhcpMessageType.discover, dhcpMessageType.request]);
      expect(asked.routers).toBe(1);
    },
  );

  it("is given another file than a ROM that is not iPXE", async () => {
    const asked = await boot({ file: "undionly.kpxe", ipxeFile: "menu.ipxe" }, "ne2k_pci");
    await eventually(() => expect(asked.names).not.toEqual([]));
    expect(asked.names[0]).toBe("menu.ipxe");
  });
});
