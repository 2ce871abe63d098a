import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DhcpMessage, parseDhcp } from "./message.ts";
import type { DhcpOptions } from "./options.ts";
import { fitReply, replyLimit } from "./reply-size.ts";
import { pxeDiscover } from "./testing/pxe-clients.ts";

const small: DhcpOptions = {
  messageType: 2,
  serverIdentifier: 0x0a560001,
  leaseSeconds: 600,
  renewalSeconds: 300,
  rebindingSeconds: 525,
  subnetMask: 0xffffff00,
};
const reply = (options: DhcpOptions, fields: Partial<DhcpMessage> = {}): DhcpMessage => ({
  ...pxeDiscover("rom"),
  operation: 2,
  ...fields,
  options: { ...small, ...options },
});

describe("the size of an answer", () => {
  it("is what the client says less the headers, and never below what each client takes (RFC 2132 section 9.10)", () => {
    const limit = (maximumMessageBytes?: number) =>
      replyLimit(reply(maximumMessageBytes === undefined ? {} : { maximumMessageBytes }));
    expect([undefined, 0, 576, 577, 1500, 65_535].map(limit)).toEqual([548, 548, 548, 549, 1472, 65_507]);
  });

  it("is made to fit by leaving out first what the client works out by itself", () => {
    const { bytes, leftOut } = fitReply(reply({ domainName: "d".repeat(250) }), 525);
    const parsed = parseDhcp(bytes!);
    expect(leftOut).toBe(1);
    const { renewalSeconds: _, ...kept } = small;
    expect(parsed.kind === "dhcp" && parsed.options).toEqual({ ...kept, domainName: "d".repeat(250) });
  });

  it("keeps the boot file's name in the options where the header has none", () => {
    const options = { bootFileName: "f".repeat(200), tftpServerName: "t".repeat(80) };
    const without = parseDhcp(fitReply(reply(options), 500).bytes!);
    expect(without.kind === "dhcp" && without.options.bootFileName).toBe("f".repeat(200));
    const twice = fitReply(reply(options, { bootFile: "f" }), 300);
    expect(parseDhcp(twice.bytes!)).toMatchObject({ bootFile: "f", options: { subnetMask: 0xffffff00 } });
  });

  it("is none when what the client cannot do without does not fit", () => {
    const fitted = fitReply(reply({ clientIdentifier: new Uint8Array(400), hostName: "h" }), 548);
    expect(fitted).toEqual({ bytes: undefined, leftOut: 3 });
  });

  it("is never above the limit, and there is one whenever what is needed fits", () => {
    const name = fc.string({ minLength: 1, maxLength: 250, size: "max", unit: "grapheme-ascii" });
    const options = fc.record(
      {
        domainName: name,
        hostName: name,
        tftpServerName: name,
        bootFileName: name,
        pxelinuxConfigFile: name,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, fc.integer({ min: 548, max: 1472 }), (extra, limit) => {
        const { bytes, leftOut } = fitReply(reply(extra), limit);
        const all = fitReply(reply(extra), Number.POSITIVE_INFINITY).bytes!;
        expect(leftOut === 0).toBe(all.length <= limit);
        const { bootFileName, pxelinuxConfigFile } = extra;
        const needed =
          240 + // the header
          3 +
          6 +
          6 +
          6 + // message type, server identifier, lease, subnet mask
          (bootFileName === undefined ? 0 : 3 + bootFileName.length) +
          (pxelinuxConfigFile === undefined ? 0 : 2 + pxelinuxConfigFile.length) +
          1; // end
        if (needed > limit) expect(bytes).toBeUndefined();
        else expect(bytes!.length).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 500 },
    );
  });
});
