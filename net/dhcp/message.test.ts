import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, zeros } from "../ethernet/fixture.ts";
import { parseDhcp, serializeDhcp } from "./message.ts";
import { dhcpMessageType, encapsulate, encapsulated } from "./options.ts";

const header = bytes(
  "01", // op: request
  "01", // htype: Ethernet
  "06", // hlen
  "00", // hops
  "ee 4e 46 11", // xid
  "00 03", // secs
  "80 00", // flags: broadcast
  "00 00 00 00", // ciaddr
  "00 00 00 00", // yiaddr
  "00 00 00 00", // siaddr
  "00 00 00 00", // giaddr
  "02 00 00 00 00 64", // chaddr
  zeros(10), // the rest of chaddr
);
const noNames = zeros(64 + 128); // sname, file
const cookie = bytes("63 82 53 63");

/** What udhcpc of busybox 1.35 asks for (without its padding; secs and flags changed above). */
const udhcpcRequest = bytes(
  header,
  noNames,
  cookie,
  "35 01 03", // message type: request
  "32 04 0a 56 00 64", // requested address
  "36 04 0a 56 00 01", // server identifier
  "39 02 02 40", // maximum message size
  "37 07 01 03 06 0c 0f 1c 2a", // parameter request list
  "0c 05 67 75 65 73 74", // host name
  "3c 0c 75 64 68 63 70 20 31 2e 33 35 2e 30", // vendor class
  "3d 07 01 02 00 00 00 00 64", // client identifier
  "ff", // end
  "00 00", // padding
);

const empty = {
  operation: 2,
  hardwareType: 1,
  hops: 0,
  transactionId: 0,
  seconds: 0,
  broadcast: false,
  clientAddress: 0,
  yourAddress: 0,
  serverAddress: 0,
  relayAddress: 0,
  clientHardware: bytes("02 00 00 00 00 64"),
  serverName: "",
  bootFile: "",
  options: {},
};

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const text = (maxLength: number) =>
  fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength,
    size: "max",
  });
const longText = fc.oneof(text(40), text(700)).filter((value) => value !== "");
const octets = fc.uint8Array({ minLength: 1, maxLength: 600, size: "max" });
const addresses = fc.array(u32, { minLength: 1, maxLength: 80, size: "max" });
const options = fc.record(
  {
    messageType: u8,
    serverIdentifier: u32,
    leaseSeconds: u32,
    renewalSeconds: u32,
    rebindingSeconds: u32,
    subnetMask: u32,
    routers: addresses,
    domainNameServers: addresses,
    hostName: longText,
    domainName: longText,
    interfaceMtu: u16,
    broadcastAddress: u32,
    requestedAddress: u32,
    parameterRequestList: fc.array(u8, { minLength: 1, maxLength: 300, size: "max" }),
    message: longText,
    maximumMessageBytes: u16,
    vendorClass: longText,
    clientIdentifier: octets,
    tftpServerName: longText,
    bootFileName: longText,
    clientArchitectures: fc.array(u16, { minLength: 1, maxLength: 200, size: "max" }),
    clientInterface: fc.record({ type: u8, major: u8, minor: u8 }),
    clientMachineIdentifier: octets,
    vendorOptions: octets,
    userClasses: fc.array(
      text(255).filter((value) => value !== ""),
      { minLength: 1, maxLength: 5 },
    ),
    tftpServers: addresses,
    ipxeOptions: octets,
    pxelinuxConfigFile: longText,
    pxelinuxPathPrefix: longText,
    other: fc
      .array(
        fc.tuple(fc.constantFrom(2, 42, 128, 211, 254), fc.uint8Array({ maxLength: 600, size: "max" })),
        {
          minLength: 1,
        },
      )
      .map((entries) => new Map(entries)),
  },
  { requiredKeys: [] },
);

describe("a DHCP message", () => {
  it("is read as udhcpc sends it", () => {
    expect(parseDhcp(udhcpcRequest)).toEqual({
      ...empty,
      kind: "dhcp",
      operation: 1,
      transactionId: 0xee4e4611,
      seconds: 3,
      broadcast: true,
      options: {
        messageType: dhcpMessageType.request,
        requestedAddress: 0x0a560064,
        serverIdentifier: 0x0a560001,
        maximumMessageBytes: 576,
        parameterRequestList: [1, 3, 6, 12, 15, 28, 42],
        hostName: "guest",
        vendorClass: "udhcp 1.35.0",
        clientIdentifier: bytes("01 02 00 00 00 00 64"),
      },
    });
  });

  it("survives being written and read, with options above 255 bytes (RFC 3396)", () => {
    const message = fc.record({
      operation: u8,
      hardwareType: u8,
      hops: u8,
      transactionId: u32,
      seconds: u16,
      broadcast: fc.boolean(),
      clientAddress: u32,
      yourAddress: u32,
      serverAddress: u32,
      relayAddress: u32,
      clientHardware: fc.uint8Array({ maxLength: 16, size: "max" }),
      serverName: text(64),
      bootFile: text(128),
      options,
    });
    fc.assert(
      fc.property(message, (fields) => {
        expect(parseDhcp(serializeDhcp(fields))).toEqual({ kind: "dhcp", ...fields });
      }),
    );
  });

  it("is never shorter than BOOTP's 300 bytes", () => {
    expect(serializeDhcp(empty).length).toBe(300);
  });

  it("puts the message type first and an end after the last option", () => {
    const written = serializeDhcp({ ...empty, options: { hostName: "a", messageType: 5 } });
    const expected = bytes(
      "35 01 05", // message type: ack
      "0c 01 61", // host name
      "ff", // end
    );
    expect(written.subarray(240, 247)).toEqual(expected);
  });

  it("continues its options in the file and then in the server name, when overloaded", () => {
    const message = bytes(
      header,
      "3d 02 03 04", // sname: client identifier, the last piece
      "0c 01 62", // host name, the last piece
      "ff", // end
      zeros(56),
      "0c 01 61", // file: host name, a piece in the middle
      "ff", // end
      zeros(124),
      cookie,
      "34 01 03", // overload: both
      "0c 01 68", // host name, the first piece
      "3d 02 01 02", // client identifier, the first piece
      "ff", // end
    );
    const parsed = parseDhcp(message);
    expect(parsed.kind === "dhcp" && parsed.options).toEqual({
      hostName: "hab",
      clientIdentifier: bytes("01 02 03 04"),
    });
    expect(parsed.kind === "dhcp" && [parsed.serverName, parsed.bootFile]).toEqual(["", ""]);
  });

  it("keeps as bytes an option whose value has the wrong size, and drops zeros that end a text", () => {
    const parsed = parseDhcp(
      bytes(
        header,
        noNames,
        cookie,
        "01 03 ff ff ff", // subnet mask, a byte short
        "0c 03 61 62 00", // host name with a zero
        "00", // padding
        "35 01 01", // message type: discover
        "3d 05 01", // client identifier, cut short by the end of the message
      ),
    );
    expect(parsed.kind === "dhcp" && parsed.options).toEqual({
      messageType: dhcpMessageType.discover,
      hostName: "ab",
      other: new Map([[1, bytes("ff ff ff")]]),
    });
  });

  it("knows user classes in both forms: RFC 3004's, and iPXE's without a length", () => {
    const classesOf = (...option: string[]) => {
      const parsed = parseDhcp(bytes(header, noNames, cookie, ...option, "ff"));
      return parsed.kind === "dhcp" ? parsed.options.userClasses : undefined;
    };
    expect(classesOf("4d 04 69 50 58 45")).toEqual(["iPXE"]);
    expect(classesOf("4d 05 04 69 50 58 45")).toEqual(["iPXE"]);
    expect(classesOf("4d 05 01 61 02 62 63")).toEqual(["a", "bc"]);
    expect(classesOf("4d 02 00 61")).toEqual(["\0a"]);
    expect(classesOf("4d 00")).toBeUndefined();
  });

  it("ends the boot file's name in option 67 with a zero, for ROMs that read on until there is one", () => {
    const written = serializeDhcp({ ...empty, options: { bootFileName: "a" } });
    expect(written.subarray(240, 245)).toEqual(bytes("43 02 61 00 ff"));
  });

  it("is refused when it is cut short, without DHCP's cookie, or with too long an address", () => {
    for (let length = 0; length < 240; length++) {
      expect(parseDhcp(udhcpcRequest.subarray(0, length))).toEqual({
        kind: "malformed",
        reason: "truncated",
      });
    }
    const noCookie = udhcpcRequest.slice();
    noCookie[236] = 0;
    expect(parseDhcp(noCookie)).toEqual({ kind: "malformed", reason: "unsupported" });
    const longAddress = udhcpcRequest.slice();
    longAddress[2] = 17;
    expect(parseDhcp(longAddress)).toEqual({ kind: "malformed", reason: "bad-length" });
  });

  it("finds again what was put into an option of its own, whole or cut short", () => {
    const inner = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 254 }), octets), {
      maxLength: 8,
      selector: ([code]) => code,
    });
    fc.assert(
      fc.property(inner, fc.nat(), (entries, cut) => {
        const written = encapsulate(entries);
        expect([...encapsulated(written)]).toEqual(entries);
        for (const [code] of encapsulated(written.subarray(0, cut % written.length))) {
          expect(entries.map(([each]) => each)).toContain(code);
        }
      }),
    );
  });

  it("is a value and no exception, whatever the options are", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300, size: "max" }),
        fc.uint8Array({ maxLength: 192, size: "max" }),
        (noise, names) => {
          const filled = zeros(192);
          filled.set(names);
          const parsed = parseDhcp(bytes(header, filled, cookie, "34 01 03", noise));
          expect(parsed.kind).toBe("dhcp");
          if (parsed.kind === "dhcp") expect(parseDhcp(serializeDhcp(parsed)).kind).toBe("dhcp");
        },
      ),
      { numRuns: 1000 },
    );
  });
});
