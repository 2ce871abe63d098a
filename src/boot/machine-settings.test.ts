import { expect, test } from "vitest";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import { relayUrls } from "../network/relay-urls.ts";
import { machineSettings } from "./machine-settings.ts";

const urls = relayUrls("http://127.0.0.1:8086/");
const entry = (text: string) => parsePxelinux(text).entries[0]!;
const overlay = entry(
  "LABEL Overlay-Boot\n KERNEL boot/linux\n APPEND initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot\n",
);
const machine = {
  boot: "direct",
  nic: "virtio",
  memoryMiB: 512,
  near: "auto",
  checkpoint: "auto",
  kernelEntry: "decompressed",
} as const;

test("an entry becomes absolute addresses on the relay", () => {
  expect(machineSettings({ entry: overlay, append: overlay.append, ...machine }, urls)).toEqual({
    ok: true,
    settings: {
      boot: "direct",
      nic: "virtio",
      memoryMiB: 512,
      append: "initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot",
      kernelUrl: "http://127.0.0.1:8086/tftpboot/boot/linux",
      initrdUrls: ["http://127.0.0.1:8086/tftpboot/boot/initrd"],
      biosUrl: "http://127.0.0.1:8086/firmware/bios.bin",
      vgaBiosUrl: "http://127.0.0.1:8086/firmware/vgabios.bin",
      wireUrl: "ws://127.0.0.1:8086/wire",
      near: "auto",
      checkpoint: "auto",
      kernelEntry: "decompressed",
    },
  });
});

test("a boot by firmware needs no entry, and takes the card's ROM with it", () => {
  expect(machineSettings({ ...machine, boot: "pxe", entry: undefined, append: "" }, urls)).toEqual({
    ok: true,
    settings: {
      boot: "pxe",
      nic: "ne2k",
      memoryMiB: 512,
      append: "",
      kernelUrl: "",
      initrdUrls: [],
      biosUrl: "http://127.0.0.1:8086/firmware/bios.bin",
      vgaBiosUrl: "http://127.0.0.1:8086/firmware/vgabios.bin",
      romUrl: "http://127.0.0.1:8086/firmware/pxe-ne2k_pci.rom",
      wireUrl: "ws://127.0.0.1:8086/wire",
      near: "auto",
    },
  });
});

test("a card that can tell its driver has the MTU of the segment", () => {
  const mtuOf = (nic: "virtio" | "ne2k") => {
    const result = machineSettings({ entry: overlay, append: "", ...machine, nic, mtu: 9000 }, urls);
    return result.ok && result.settings.mtu;
  };
  expect([mtuOf("virtio"), mtuOf("ne2k")]).toEqual([9000, undefined]);
});

test("on a shared segment a machine asks for its address, and goes on from no checkpoint", () => {
  const append =
    "root=overlay:nbd=10.86.0.1:kisroot ip=10.86.0.100::10.86.0.1:255.255.255.0:netroot:eth0:none quiet";
  const settingsOn = (segment: "isolated" | "shared") => {
    const result = machineSettings({ entry: overlay, append, ...machine, segment }, urls);
    return result.ok ? [result.settings.append, result.settings.checkpoint] : [];
  };
  expect(settingsOn("isolated")).toEqual([append, "auto"]);
  expect(settingsOn("shared")).toEqual(["root=overlay:nbd=10.86.0.1:kisroot ip=dhcp quiet", "off"]);
});

test("an edited initrd= counts, line breaks are blanks", () => {
  const result = machineSettings(
    { entry: overlay, append: "initrd=a,/b\n  root=overlay:aoe=e0.1\n", ...machine },
    urls,
  );
  expect(result.ok && result.settings.append).toBe("initrd=a,/b root=overlay:aoe=e0.1");
  expect(result.ok && result.settings.initrdUrls).toEqual([
    "http://127.0.0.1:8086/tftpboot/a",
    "http://127.0.0.1:8086/tftpboot/b",
  ]);
});

test("SYSAPPEND adds what is known of the machine", () => {
  const own = entry("LABEL x\n LINUX boot/linux\n APPEND quiet\n IPAPPEND 3\n");
  const ip = { client: 0x0a560064, server: 0x0a560001, gateway: 0x0a560001, netmask: 0xffffff00 };
  const result = machineSettings(
    { entry: own, append: "single", ...machine, facts: { ip, mac: 0x026e72010000 } },
    urls,
  );
  expect(result.ok && result.settings.append).toBe(
    "single ip=10.86.0.100:10.86.0.1:10.86.0.1:255.255.255.0 BOOTIF=01-02-6e-72-01-00-00",
  );
  // The machine gets the card that its command line speaks of.
  expect(result.ok && result.settings.mac).toBe("02:6e:72:01:00:00");
});

test("an INITRD line counts, until its initrd= is taken out of the command line", () => {
  const own = entry("LABEL x\n LINUX boot/linux\n INITRD boot/initrd\n APPEND root=/dev/nbd0\n");
  const initrds = (append: string) => {
    const result = machineSettings({ entry: own, append, ...machine }, urls);
    return result.ok && result.settings.initrdUrls;
  };
  expect(initrds(own.append)).toEqual(["http://127.0.0.1:8086/tftpboot/boot/initrd"]);
  expect(initrds("root=/dev/nbd0")).toEqual([]);
});

test.each(["../../etc/passwd", "tftp://10.0.0.1/linux"])("%s is refused in words", (kernel) => {
  const result = machineSettings(
    { entry: entry(`LABEL x\n LINUX ${kernel}\n`), append: "", ...machine },
    urls,
  );
  expect(!result.ok && result.problem.code).toBe("file-outside");
});
