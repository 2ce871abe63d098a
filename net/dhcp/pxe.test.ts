import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { parseIpv4 } from "../ipv4/address.ts";
import type { DhcpMessage } from "./message.ts";
import { type DhcpOptions, dhcpMessageType } from "./options.ts";
import { type PxeConfig, pxeBoot } from "./pxe.ts";
import { pxeDiscover } from "./testing/pxe-clients.ts";

const ours = parseIpv4("10.86.0.1")!;
const boot = (config: PxeConfig, request: DhcpMessage) => pxeBoot(config, ours)(request);
const pxelinux: PxeConfig = { file: "pxelinux.0" };

/** A client that is neither a boot ROM nor iPXE. */
function other(options: DhcpOptions = {}): DhcpMessage {
  const { options: _, ...message } = pxeDiscover("rom");
  return { ...message, options: { messageType: dhcpMessageType.discover, ...options } };
}

describe("what is told about a boot", () => {
  it("to a PXE ROM: the file, where from, and that there is no other boot server to look for", () => {
    expect(boot(pxelinux, pxeDiscover("rom"))).toEqual({
      serverAddress: ours,
      serverName: "10.86.0.1",
      bootFile: "pxelinux.0",
      options: {
        vendorClass: "PXEClient",
        vendorOptions: bytes("06 01 08 ff"),
        clientMachineIdentifier: bytes("00 4c4c45440044 4a108034b7c04f4a5931"),
        tftpServerName: "10.86.0.1",
        bootFileName: "pxelinux.0",
      },
    });
  });

  it("to iPXE: the same, and that no other server will add to it", () => {
    const told = boot(pxelinux, pxeDiscover("ipxe"));
    expect(told).toMatchObject({ bootFile: "pxelinux.0", options: { vendorClass: "PXEClient" } });
    expect(told?.options?.ipxeOptions).toEqual(bytes("b0 01 01 ff"));
  });

  it("to iPXE: a file of its own, on machines of any kind; the ROM's file is for a BIOS only", () => {
    const config = { file: "undionly.kpxe", ipxeFile: "http://10.86.0.1/menu.ipxe" };
    expect(boot(config, pxeDiscover("rom"))?.bootFile).toBe("undionly.kpxe");
    expect(boot(config, pxeDiscover("ipxe"))?.bootFile).toBe("http://10.86.0.1/menu.ipxe");
    const uefi = { clientArchitectures: [7] };
    expect(boot(config, pxeDiscover("rom", uefi))).toBeUndefined();
    expect(boot(config, pxeDiscover("ipxe", uefi))?.bootFile).toBe("http://10.86.0.1/menu.ipxe");
    expect(boot(pxelinux, pxeDiscover("ipxe", uefi))).toBeUndefined();
    expect(boot({ ipxeFile: "menu.ipxe" }, pxeDiscover("rom"))).toBeUndefined();
  });

  it("to iPXE, known by its user class or by its own options", () => {
    const config = { file: "undionly.kpxe", ipxeFile: "menu.ipxe" };
    expect(boot(config, other({ userClasses: ["iPXE"] }))?.bootFile).toBe("menu.ipxe");
    expect(boot(config, other({ ipxeOptions: bytes("10 01 02") }))?.bootFile).toBe("menu.ipxe");
    expect(boot(config, other({ userClasses: ["ipxe"], parameterRequestList: [67] }))?.bootFile).toBe(
      "undionly.kpxe",
    );
  });

  it("to pxelinux, through the ROM that loads it: its configuration and the folder of its files", () => {
    const config = { ...pxelinux, configFile: "pxelinux.cfg/class", pathPrefix: "/boot/" };
    const expected = { pxelinuxConfigFile: "pxelinux.cfg/class", pxelinuxPathPrefix: "/boot/" };
    expect(boot(config, pxeDiscover("rom"))?.options).toMatchObject(expected);
    expect(boot(config, pxeDiscover("ipxe"))?.options).toMatchObject(expected);
    expect(boot(config, other({ parameterRequestList: [67, 210] }))?.options).toEqual({
      bootFileName: "pxelinux.0",
      pxelinuxPathPrefix: "/boot/",
    });
  });

  it("to others: only what they ask for, and nothing to those who ask for nothing", () => {
    expect(boot(pxelinux, other())).toBeUndefined();
    expect(boot(pxelinux, other({ parameterRequestList: [1, 3, 6, 43, 60, 175, 209] }))).toBeUndefined();
    expect(boot(pxelinux, other({ parameterRequestList: [66] }))?.options).toEqual({
      tftpServerName: "10.86.0.1",
    });
    expect(boot(pxelinux, other({ parameterRequestList: [150] }))).toMatchObject({
      bootFile: "pxelinux.0",
      options: { tftpServers: [ours] },
    });
    expect(boot({}, pxeDiscover("rom"))).toBeUndefined();
  });

  it("in option 67 alone, when the name does not fit the header", () => {
    const ipxeFile = `http://10.86.0.1/${"x".repeat(200)}`;
    const told = boot({ ipxeFile }, pxeDiscover("ipxe", { parameterRequestList: [1] }));
    expect(told).toMatchObject({ bootFile: "", options: { bootFileName: ipxeFile } });
    const most = "x".repeat(127);
    expect(boot({ file: most }, pxeDiscover("rom"))?.bootFile).toBe(most);
  });

  it("returns no machine identifier that is none", () => {
    const long = pxeDiscover("rom", { clientMachineIdentifier: new Uint8Array(400) });
    expect(boot(pxelinux, long)?.options).not.toHaveProperty("clientMachineIdentifier");
  });
});
