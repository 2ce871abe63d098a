import { describe, expect, it } from "vitest";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import { HOST_FILES, nbdServerConfig, pxelinuxConfig, requireHostFiles } from "./boot-files.ts";

describe("pxelinux.cfg/default", () => {
  const config = parsePxelinux(pxelinuxConfig("ip=dhcp console=tty0 console=ttyS0"));

  it("has an entry that pxelinux boots by itself, another one, and no line that means nothing", () => {
    expect(config.entries.map((entry) => entry.label)).toEqual(["Overlay-Boot", "Overlay-Boot-AoE"]);
    for (const entry of config.entries)
      expect(entry).toMatchObject({ kernel: "boot/linux", initrds: ["boot/initrd"] });
    expect(config.defaultLabel).toBe("Overlay-Boot");
    expect(config.prompt).toBe(false);
    expect(config.reports).toEqual([]);
  });

  it("appends the overlay root over NBD, or over AoE, and the image's own parameters", () => {
    expect(pxelinuxConfig("ip=dhcp console=tty0 console=ttyS0").split("\n")).toContain(
      "    append initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot ip=dhcp console=tty0 console=ttyS0",
    );
    expect(pxelinuxConfig("").split("\n")).toContain(
      "    append initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot",
    );
    expect(pxelinuxConfig("ip=dhcp").split("\n")).toContain(
      "    append initrd=boot/initrd root=overlay:aoe=e0.1 rd.driver.post=aoe ip=dhcp",
    );
  });
});

describe("the nbd-server's configuration", () => {
  const lines = nbdServerConfig("/srv/boot tree")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.trim());

  it("begins with [generic], or the server refuses it", () => {
    expect(lines[0]).toBe("[generic]");
  });

  it("listens on this machine only", () => {
    expect(lines.slice(1, lines.indexOf("[kisroot]"))).toEqual(["port = 10809", "listenaddr = 127.0.0.1"]);
  });

  it("exports the root image read-only", () => {
    expect(lines.slice(lines.indexOf("[kisroot]") + 1)).toEqual([
      "exportname = /srv/boot tree/exports/kisroot.squashfs",
      "readonly = true",
    ]);
  });
});

describe("the boot programs of this machine", () => {
  it("are named when one is missing, with what to do", () => {
    requireHostFiles(() => true);
    const missing = HOST_FILES[0]!.source;
    expect(() => requireHostFiles((path) => path !== missing)).toThrow(missing);
    expect(() => requireHostFiles(() => false)).toThrow('Run "node setup/debian.mjs serve"');
  });

  it("go to places of their own in the tree", () => {
    const targets = HOST_FILES.map((file) => file.target);
    expect(new Set(targets).size).toBe(targets.length);
    for (const wanted of [
      "tftpboot/pxelinux.0",
      "tftpboot/ldlinux.c32",
      "firmware/bios.bin",
      "firmware/vgabios.bin",
    ]) {
      expect(targets).toContain(wanted);
    }
  });
});
