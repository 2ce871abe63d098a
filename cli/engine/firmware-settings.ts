import { tokenOfFragment } from "../../net/access/token.ts";
import type { MachineSettings } from "../../worker/interface.ts";

/**
 * The settings with which a machine boots by its own firmware, as one does that has nothing but a network card: SeaBIOS, the
 * card's boot ROM (iPXE), and whatever the relay's DHCP names. An NE2000: Debian 12's iPXE cannot drive the other card.
 */
export function firmwareSettings(relayUrl: string, memoryMiB = 512): MachineSettings {
  const at = (path: string) => new URL(path, relayUrl).href;
  const token = tokenOfFragment(new URL(relayUrl).hash);
  return {
    boot: "pxe",
    nic: "ne2k",
    memoryMiB,
    append: "",
    kernelUrl: "",
    initrdUrls: [],
    biosUrl: at("firmware/bios.bin"),
    vgaBiosUrl: at("firmware/vgabios.bin"),
    romUrl: at("firmware/pxe-ne2k_pci.rom"),
    wireUrl: at("wire").replace(/^http/, "ws"),
    ...(token !== undefined && { token }),
  };
}
