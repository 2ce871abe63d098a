import { describe, expect, it } from "vitest";
import { BootEntryError, entrySettings } from "./entry-settings.ts";

const MENU = `DEFAULT Overlay-Boot
LABEL Overlay-Boot
  KERNEL boot/linux
  APPEND initrd=boot/initrd,boot/extra root=overlay:nbd=10.86.0.1:kisroot
LABEL Outside
  KERNEL ../../vmlinuz
LABEL Local
  LOCALBOOT 0
`;
const settings = (options: object = {}) =>
  entrySettings({ relayUrl: "http://127.0.0.1:8086/", menu: MENU, ...options });

describe("the settings of a boot entry", () => {
  it("name the relay's files and its wire", () => {
    expect(settings()).toEqual({
      boot: "direct",
      nic: "virtio",
      memoryMiB: 512,
      append: "initrd=boot/initrd,boot/extra root=overlay:nbd=10.86.0.1:kisroot",
      kernelUrl: "http://127.0.0.1:8086/tftpboot/boot/linux",
      initrdUrls: ["http://127.0.0.1:8086/tftpboot/boot/initrd", "http://127.0.0.1:8086/tftpboot/boot/extra"],
      biosUrl: "http://127.0.0.1:8086/firmware/bios.bin",
      vgaBiosUrl: "http://127.0.0.1:8086/firmware/vgabios.bin",
      wireUrl: "ws://127.0.0.1:8086/wire",
    });
  });

  it("follow the append line as it was changed", () => {
    const changed = settings({ append: (line: string) => line.replace(",boot/extra", "") });
    expect(changed.initrdUrls).toEqual(["http://127.0.0.1:8086/tftpboot/boot/initrd"]);
  });

  it("ask for an address where other machines are on the segment", () => {
    const append = () => "root=x ip=10.86.0.100::10.86.0.1:255.255.255.0:netroot:eth0:none ro";
    expect(settings({ append, segment: "isolated" }).append).toBe(append());
    expect(settings({ append, segment: "shared" }).append).toBe("root=x ip=dhcp ro");
    expect(settings({ append: () => "ip=10.0.0.9 ip=eth0:dhcp", segment: "shared" }).append).toBe(
      "ip=dhcp ip=eth0:dhcp",
    );
  });

  it("keep to TLS, and to a path before them", () => {
    const { wireUrl, kernelUrl } = settings({ relayUrl: "https://lab.example/net/" });
    expect(wireUrl).toBe("wss://lab.example/net/wire");
    expect(kernelUrl).toBe("https://lab.example/net/tftpboot/boot/linux");
  });

  it("have the token that the relay's link holds, and their addresses do not", () => {
    const { token, ...rest } = settings({ relayUrl: "http://127.0.0.1:8086/#token=0123456789abcdef" });
    expect(token).toBe("0123456789abcdef");
    expect(rest).toEqual(settings());
  });

  it.each([
    ["Nowhere", "there is: Overlay-Boot, Outside, Local"],
    ["Outside", "not in the boot tree"],
    ["Local", "no Linux kernel"],
  ])("are refused in words: %s", (label, words) => {
    expect(() => settings({ label })).toThrow(BootEntryError);
    expect(() => settings({ label })).toThrow(words);
  });
});
