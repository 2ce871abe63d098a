import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { type Ipv4Packet, ipProtocol } from "../../net/ipv4/packet.ts";
import { encodeUtf8 } from "../../net/nbd/text.ts";
import { ACK, NO_OPTIONS, serializeSegment } from "../../net/tcp/wire.ts";
import { serializeTftp, type TftpMessage } from "../../net/tftp/message.ts";
import { serializeUdp } from "../../net/udp/udp.ts";
import type { Problem } from "../interface.ts";
import { BootFileWatch } from "./boot-file-watch.ts";

const GUEST = parseIpv4("10.86.0.100")!;
const SERVER = parseIpv4("10.86.0.1")!;

function packet(source: number, protocol: number, payload: Uint8Array): Ipv4Packet {
  return {
    kind: "ipv4",
    source,
    destination: source === GUEST ? SERVER : GUEST,
    protocol,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    payload,
  };
}

/** A guest and its boot server, as the watch sees them. */
function setUp(is32Bit = true) {
  const problems: Problem[] = [];
  const watch = new BootFileWatch((problem) => problems.push(problem), is32Bit);
  let port = 2000;
  const udp = (source: number, from: number, to: number, message: TftpMessage) =>
    packet(
      source,
      ipProtocol.udp,
      serializeUdp(
        { sourcePort: from, destinationPort: to, payload: serializeTftp(message) },
        source,
        source === GUEST ? SERVER : GUEST,
      ),
    );
  const tcp = (source: number, from: number, to: number, payload: Uint8Array) =>
    packet(
      source,
      ipProtocol.tcp,
      serializeSegment(
        {
          sourcePort: from,
          destinationPort: to,
          sequence: 1,
          acknowledgment: 1,
          flags: ACK,
          window: 1000,
          options: NO_OPTIONS,
          payload,
        },
        source,
        source === GUEST ? SERVER : GUEST,
      ),
    );
  return {
    problems,
    codes: () => problems.map(({ code }) => code),
    tftp(path: string, answer: TftpMessage) {
      const guestPort = port++;
      const request = { kind: "request", operation: "read", path, mode: "octet", options: [] } as const;
      watch.fromGuest(udp(GUEST, guestPort, 69, request));
      watch.toGuest(udp(SERVER, 50_000, guestPort, answer));
    },
    /** Over one connection. */
    http(path: string, ...answer: (string | Uint8Array)[]) {
      watch.fromGuest(tcp(GUEST, 1999, 80, encodeUtf8(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)));
      for (const piece of answer)
        watch.toGuest(tcp(SERVER, 80, 1999, typeof piece === "string" ? encodeUtf8(piece) : piece));
    },
    raw: (source: number, protocol: number, payload: Uint8Array) => {
      const one = packet(source, protocol, payload);
      if (source === GUEST) watch.fromGuest(one);
      else watch.toGuest(one);
    },
  };
}

const missing = (message: string): TftpMessage => ({ kind: "error", code: 1, message });
const data = (bytes: Uint8Array): TftpMessage => ({ kind: "data", block: 1, bytes });
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsomething";
const GONE = (words: string) => `HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n${words}\n`;

function kernelHead(xloadflags: number): Uint8Array {
  const image = new Uint8Array(1024);
  const view = new DataView(image.buffer);
  view.setUint16(0x1fe, 0xaa55, true);
  image.set(encodeUtf8("HdrS"), 0x202);
  view.setUint16(0x206, 0x20f, true);
  view.setUint8(0x211, 1);
  view.setUint16(0x236, xloadflags, true);
  return image;
}

describe("a machine's firmware that fetches its files", () => {
  it("is refused the first one: an error with the file's name and the server's words", () => {
    const { tftp, problems } = setUp();
    tftp("pxelinux.0", missing("There is no pxelinux.0."));
    expect(problems).toMatchObject([{ severity: "error", code: "boot-file-missing" }]);
    expect(problems[0]!.message).toBe(
      "The machine is to boot pxelinux.0, and the boot server does not have it. It says: There is no pxelinux.0.",
    );
    expect(problems[0]!.advice).toContain("[boot] in netroot.toml");
  });

  it("is refused it by HTTP, with the server's words in the answer's body", () => {
    const { http, problems } = setUp();
    http("/netroot.ipxe", GONE("There is no pxelinux.cfg/default."));
    expect(problems).toMatchObject([{ severity: "error", code: "boot-file-missing" }]);
    expect(problems[0]!.message).toContain("It says: There is no pxelinux.cfg/default.");
  });

  it("may look for a menu in vain until the last name", () => {
    const { tftp, codes } = setUp();
    tftp("pxelinux.0", data(new Uint8Array(1408)));
    tftp("ldlinux.c32", missing("no"));
    tftp("boot/syslinux/ldlinux.c32", data(new Uint8Array(1408)));
    for (const name of ["01-02-00-00-00-00-64", "0A560064", "0A56006", "0"])
      tftp(`pxelinux.cfg/${name}`, missing("no"));
    expect(codes()).toEqual([]);
    tftp("pxelinux.cfg/default", missing("no"));
    expect(codes()).toEqual(["menu-missing"]);
  });

  it("is refused another file: a warning, as it may do without", () => {
    const { http, problems } = setUp();
    http("/netroot.ipxe", OK);
    http("/boot/the%20linux", "the end of what came before", GONE("There is no boot/the linux."));
    http("/boot/initrd", OK, GONE("and this is in the middle of the file"));
    expect(problems).toMatchObject([{ severity: "warning", code: "boot-file-refused" }]);
    expect(problems[0]!.message).toContain("asked for /boot/the linux,");
  });

  it.each(["tftp", "http"] as const)("gets a 64-bit kernel by %s, which its processor cannot run", (by) => {
    for (const [is32Bit, flags, expected] of [
      [true, 1, ["kernel-64-bit"]],
      [true, 0, []],
      [false, 1, []],
    ] as const) {
      const { tftp, http, codes, problems } = setUp(is32Bit);
      const head = kernelHead(flags);
      if (by === "tftp") tftp("boot/linux", data(head));
      else http("/boot/linux", "HTTP/1.1 200 OK\r\n\r\n", head.subarray(0, 300), head.subarray(300));
      expect(codes()).toEqual(expected);
      if (expected.length > 0) expect(problems[0]!.message).toContain("boot/linux is a 64-bit kernel");
      if (expected.length > 0) expect(problems[0]!.advice).toContain("netroot smoke --engine qemu");
    }
  });

  it("is watched whatever it sends, and whatever it is sent", () => {
    const part = fc.record({
      source: fc.constantFrom(GUEST, SERVER),
      protocol: fc.constantFrom(ipProtocol.udp, ipProtocol.tcp),
      bytes: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const { raw, tftp, codes } = setUp();
        for (const { source, protocol, bytes } of parts) raw(source, protocol, bytes);
        tftp("pxelinux.0", missing("no"));
        expect(codes()).toEqual(["boot-file-missing"]);
      }),
    );
  });
});
