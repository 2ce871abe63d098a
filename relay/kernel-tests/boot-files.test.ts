import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import type { StreamService } from "../../net/stream/stream.ts";
import type { TftpOpen } from "../../net/tftp/file.ts";
import { BOOT_HTTP_PORT, BootHttp } from "../boot-http/boot-http.ts";
import { openBootFiles } from "../tftp/boot-files.ts";
import { type BootRom, startBootRom } from "./qemu-boot-rom.ts";

// pxelinux fetches one file after the other, so what it asks for last says that all before it have arrived whole.
const MENU = `DEFAULT memdisk
LABEL memdisk
  linux memdisk
  initrd boot/large,boot/last
`;

let tree: string;
let rom: BootRom | undefined;
let http: BootHttp;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
  for (const folder of ["boot", "pxelinux.cfg"]) await mkdir(join(tree, folder));
  for (const name of ["pxelinux.0", "lpxelinux.0"])
    await copyFile(join("/usr/lib/PXELINUX", name), join(tree, name));
  await copyFile("/usr/lib/syslinux/modules/bios/ldlinux.c32", join(tree, "ldlinux.c32"));
  await copyFile("/usr/lib/syslinux/memdisk", join(tree, "memdisk"));
  await writeFile(join(tree, "pxelinux.cfg/default"), MENU);
  await writeFile(join(tree, "boot/large"), randomBytes(3_000_000));
  await writeFile(join(tree, "boot/last"), randomBytes(10));
  http = new BootHttp(tree);
});
afterEach(async () => {
  await rom?.close();
  rom = undefined;
  http.close();
  await rm(tree, { recursive: true });
});

/** Boots a PC; notes what it asks for, in this order. */
async function boot(pxe: PxeConfig): Promise<{ readonly tftp: string[]; readonly http: string[] }> {
  const asked = { tftp: [] as string[], http: [] as string[] };
  const files = openBootFiles(tree);
  const open: TftpOpen = (name, client) => {
    asked.tftp.push(name);
    return files(name, client);
  };
  const service: StreamService = (stream, peer) => {
    const handler = http.service(stream, peer);
    return {
      data(bytes) {
        const line = /^GET (\S+) /.exec(Buffer.from(bytes).toString("latin1"));
        if (line !== null) asked.http.push(line[1]!);
        handler.data(bytes);
      },
      end: () => handler.end(),
      drained: () => handler.drained(),
      closed: (reason) => handler.closed(reason),
    };
  };
  const services = [{ port: BOOT_HTTP_PORT, service }];
  const address = parseIpv4("10.86.0.1")!;
  rom = await startBootRom(
    { address, prefixLength: 24, mtu: 9000, services, pxe, tftp: { open } },
    "ne2k_pci",
    () => {},
  );
  return asked;
}

const eventually = (condition: () => void) => vi.waitFor(condition, { timeout: 50_000, interval: 50 });

describe("the real pxelinux, after Debian's iPXE", () => {
  it("fetches all of a boot entry by TFTP", async () => {
    const asked = await boot({ file: "pxelinux.0" });
    await eventually(() => expect(asked.tftp.at(-1)).toBe("boot/last"));
    expect(asked.tftp.slice(0, 2)).toEqual(["pxelinux.0", "ldlinux.c32"]);
    expect(asked.tftp.slice(-4)).toEqual(["pxelinux.cfg/default", "memdisk", "boot/large", "boot/last"]);
    expect(asked.http).toEqual([]);
  });

  it("fetches it by HTTP, where its path prefix says so", async () => {
    const asked = await boot({ file: "lpxelinux.0", pathPrefix: "http://10.86.0.1/" });
    await eventually(() => expect(asked.http.at(-1)).toBe("/boot/last"));
    expect(asked.http.slice(-4)).toEqual(["/pxelinux.cfg/default", "/memdisk", "/boot/large", "/boot/last"]);
    expect(asked.tftp).toEqual(["lpxelinux.0"]);
  });
});

describe("iPXE", () => {
  it("fetches its script and what that names by HTTP, over one connection", async () => {
    const script = "#!ipxe\ninitrd boot/large\ninitrd boot/last\n";
    await writeFile(join(tree, "menu.ipxe"), script);
    const asked = await boot({ file: "pxelinux.0", ipxeFile: "http://10.86.0.1/menu.ipxe" });
    await eventually(() => expect(asked.http).toEqual(["/menu.ipxe", "/boot/large", "/boot/last"]));
    expect(asked.tftp).toEqual([]);
    expect(http.counters.connections).toBe(1);
  });
});
