import { describe, expect, it } from "vitest";
import { parseMac } from "../ethernet/mac.ts";
import { parseIpv4 } from "../ipv4/address.ts";
import { configNames } from "./lookup.ts";
import { sysAppendWords } from "./sysappend.ts";

const mac = parseMac("88:99:aa:bb:cc:dd")!;
const address = parseIpv4("192.0.2.91")!;

describe("the files that PXELINUX looks for", () => {
  it("are the UUID's, the MAC address's, the address's with a digit fewer each time, and default", () => {
    expect(configNames({ uuid: "B8945908-D6A6-41A9-611D-74A6AB80B83D", mac, address })).toEqual([
      "pxelinux.cfg/b8945908-d6a6-41a9-611d-74a6ab80b83d",
      "pxelinux.cfg/01-88-99-aa-bb-cc-dd",
      "pxelinux.cfg/C000025B",
      "pxelinux.cfg/C000025",
      "pxelinux.cfg/C00002",
      "pxelinux.cfg/C0000",
      "pxelinux.cfg/C000",
      "pxelinux.cfg/C00",
      "pxelinux.cfg/C0",
      "pxelinux.cfg/C",
      "pxelinux.cfg/default",
    ]);
  });

  it("begin with the one that the DHCP server names, relative to the same prefix", () => {
    const names = configNames({ configFile: "configs/common", mac, address: parseIpv4("10.86.0.100")! });
    expect(names.slice(0, 3)).toEqual([
      "configs/common",
      "pxelinux.cfg/01-88-99-aa-bb-cc-dd",
      "pxelinux.cfg/0A560064",
    ]);
    expect(names).toHaveLength(11);
  });
});

describe("SYSAPPEND", () => {
  const facts = {
    ip: {
      client: parseIpv4("10.86.0.100")!,
      server: parseIpv4("10.86.0.1")!,
      gateway: parseIpv4("10.86.0.254")!,
      netmask: parseIpv4("255.255.255.0")!,
    },
    mac,
    uuid: "B8945908-D6A6-41A9-611D-74A6AB80B83D",
    cpu: "6P",
    smbios: { SYSVENDOR: "Lab  Machines Inc. ", MBASSET: "7", SYSFF: "3" },
  };

  it.each([
    [0, []],
    [1, ["ip=10.86.0.100:10.86.0.1:10.86.0.254:255.255.255.0"]],
    [2, ["BOOTIF=01-88-99-aa-bb-cc-dd"]],
    [3, ["ip=10.86.0.100:10.86.0.1:10.86.0.254:255.255.255.0", "BOOTIF=01-88-99-aa-bb-cc-dd"]],
    [4, ["SYSUUID=b8945908-d6a6-41a9-611d-74a6ab80b83d"]],
    [8, ["CPU=6P"]],
    [0x10, ["SYSVENDOR=Lab_Machines_Inc."]],
    [0x4000, ["MBASSET=7"]],
    [0x20000, ["SYSFF=3"]],
    [0x40020, []],
  ])("%i adds %j", (mask, words) => {
    expect(sysAppendWords(mask, facts)).toEqual(words);
  });

  it("leaves out what is not known", () => {
    expect(sysAppendWords(0xffffffff, {})).toEqual([]);
  });
});
