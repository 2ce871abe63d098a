import { join } from "node:path";
import { type ConfinedFile, openConfined } from "./confine.ts";

/** Where Debian's packages seabios and ipxe-qemu put what a PC boots from. */
const DEBIAN_FOLDERS = ["/usr/share/seabios", "/usr/lib/ipxe/qemu", "/usr/lib/ipxe"] as const;

/** v86's card is a Bochs/Standard VGA: of SeaBIOS's VGA BIOSes, that one. */
const DEBIAN_NAMES: Readonly<Record<string, string>> = { "vgabios.bin": "vgabios-stdvga.bin" };

/** Opens a firmware image: the boot tree's own, or else the one that Debian's packages installed. */
export async function openFirmware(tree: string, parts: readonly string[]): Promise<ConfinedFile> {
  const name = parts.join("/");
  const own = await openConfined(join(tree, "firmware"), parts, `firmware/${name}`);
  if (own.ok || own.status !== 404 || parts.length !== 1) return own;
  for (const folder of DEBIAN_FOLDERS) {
    for (const candidate of [DEBIAN_NAMES[name], name]) {
      if (candidate === undefined) continue;
      const file = await openConfined(folder, [candidate], `firmware/${name}`);
      if (file.ok) return file;
    }
  }
  return {
    ok: false,
    status: 404,
    message: `There is no firmware ${name}: neither in the boot tree's firmware/ nor in ${DEBIAN_FOLDERS.join(" or ")}. Debian's packages seabios and ipxe-qemu have the usual ones.`,
  };
}
