import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, zeros } from "../ethernet/fixture.ts";
import { hexFromOctets } from "../ethernet/octets.ts";
import { noRouterAdvertisement, parseRouterSolicitation } from "./router-discovery.ts";

const guest = "02 00 00 00 00 64";
const guestAddress = "fe80 0000 0000 0000 0000 00ff fe00 0064";
/** What iPXE of Debian 12 sends. */
const solicitation = bytes(
  "33 33 00 00 00 02", // all routers
  guest,
  "86 dd", // IPv6
  "60 00 00 00", // version, traffic class, flow
  "00 10 3a ff", // 16 bytes of ICMPv6, hop limit
  guestAddress,
  "ff02 0000 0000 0000 0000 0000 0000 0002",
  "85 00 7a 66", // router solicitation, code, checksum
  zeros(4),
  "01 01", // source link-layer address
  guest,
);

const changed = (at: number, value: number) => {
  const copy = solicitation.slice();
  copy[at] = value;
  return copy;
};

describe("router discovery", () => {
  it("knows a question, and who asks", () => {
    expect(parseRouterSolicitation(solicitation)).toEqual({
      kind: "router-solicitation",
      mac: 0x020000000064,
      address: bytes(guestAddress),
    });
  });

  it("leaves everything else to others", () => {
    const neighbour = changed(54, 135);
    const udp = changed(20, 17);
    const ipv4 = changed(12, 8);
    for (const frame of [neighbour, udp, ipv4, solicitation.subarray(0, 54), zeros(10)]) {
      expect(parseRouterSolicitation(frame)).toBeUndefined();
    }
  });

  it("refuses a question that is damaged, or that came through a router (RFC 4861 section 6.1.1)", () => {
    const reasons = [
      changed(14, 0x40),
      changed(19, 40),
      changed(19, 4),
      changed(21, 254),
      changed(55, 1),
      changed(69, 0x65),
    ].map((frame) => parseRouterSolicitation(frame));
    expect(reasons.map((each) => each?.kind === "malformed" && each.reason)).toEqual([
      "bad-version",
      "truncated",
      "truncated",
      "bad-value",
      "bad-value",
      "bad-checksum",
    ]);
    // An option of no length, its checksum right: a reader that believes it never comes to its end.
    const endless = changed(63, 0);
    endless[57] = 0x67;
    expect(parseRouterSolicitation(endless)).toEqual({ kind: "malformed", reason: "bad-length" });
  });

  it("answers that there is no router, to whoever asked", () => {
    const expected = [
      guest,
      "02 6e 72 00 00 01",
      "86 dd",
      "60 00 00 00 00 18 3a ff",
      "fe80 0000 0000 0000 006e 72ff fe00 0001", // our link-local address
      guestAddress,
      "86 00 96 67", // router advertisement, code, checksum
      "00 00 00 00", // hop limit, flags and lifetime: none
      zeros(8), // both timers: unspecified
      "01 01 02 6e 72 00 00 01", // source link-layer address
    ];
    const asked = { mac: 0x020000000064, address: bytes(guestAddress) };
    expect(hexFromOctets(noRouterAdvertisement(0x026e72000001, asked))).toBe(
      hexFromOctets(bytes(...expected)),
    );
    const unnamed = noRouterAdvertisement(0x026e72000001, { ...asked, address: zeros(16) });
    expect(hexFromOctets(unnamed.subarray(38, 54))).toBe("ff020000000000000000000000000001");
  });

  it("never throws, whatever comes", () => {
    const noise = fc.uint8Array({ maxLength: 120, size: "max" });
    fc.assert(
      fc.property(noise, fc.integer({ min: 0, max: 78 }), (junk, kept) => {
        parseRouterSolicitation(bytes(solicitation.subarray(0, kept), junk));
      }),
      { numRuns: 2000 },
    );
  });
});
