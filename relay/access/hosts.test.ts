import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHostAllowed, parseHost } from "./hosts.ts";

describe("a host", () => {
  it.each([
    ["Lab.Example", { name: "lab.example", port: undefined }],
    ["127.0.0.1:8086", { name: "127.0.0.1", port: 8086 }],
    ["[FE80:0::1]:80", { name: "fe80::1", port: 80 }],
    ["[::ffff:127.0.0.1]", { name: "::ffff:7f00:1", port: undefined }],
  ])("%s is read", (text, host) => {
    expect(parseHost(text)).toEqual(host);
  });

  it.each([
    "",
    ":80",
    "a:",
    "a:0",
    "a:65536",
    "a:b",
    "::1",
    "[::1",
    "[127.0.0.1]",
    "[::1%eth0]",
    "a/b",
    "u@a",
    "a b",
    "a,b",
    "a\n",
  ])("%j is none", (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it("is none, or has a name and a possible port, whatever the header says", () => {
    const odd = fc.string({ unit: fc.constantFrom(..."[]:.%@0f1a \u0000"), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), odd), (text) => {
        const host = parseHost(text);
        if (host === undefined) return;
        expect(host.name).toMatch(/^[a-z0-9._:-]+$/);
        expect(host.port ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});

describe("the relay is meant", () => {
  const arrived = (address: string, listenHost: string, header: string, declared: string[] = []) =>
    isHostAllowed(
      parseHost(header)!,
      { address, port: 8086 },
      { listenHost, declared: declared.map((each) => parseHost(each)!) },
    );

  it.each([
    // address it arrived at, [listen] host, Host, [access] hosts
    ["127.0.0.1", "127.0.0.1", "127.0.0.1:8086", []],
    ["127.0.0.1", "127.0.0.1", "localhost:8086", []],
    ["127.0.0.1", "127.0.0.1", "[::1]:8086", []],
    ["127.0.0.1", "127.0.0.1", "localhost:9000", []], // through an SSH forward
    ["::1", "localhost", "localhost:8086", []],
    ["10.0.0.5", "10.0.0.5", "10.0.0.5:8086", []],
    ["10.0.0.5", "lab.example", "lab.example:8086", []],
    ["10.0.0.5", "0.0.0.0", "10.0.0.5:8086", []],
    ["::ffff:10.0.0.5", "::", "10.0.0.5:8086", []],
    ["fd00::5", "::", "[fd00:0::5]:8086", []],
    ["::ffff:127.0.0.1", "::", "localhost:8086", []],
    ["127.0.0.1", "127.0.0.1", "lab.example", ["lab.example"]],
    ["127.0.0.1", "127.0.0.1", "lab.example:9000", ["lab.example"]],
    ["127.0.0.1", "127.0.0.1", "LAB.example", ["lab.example:80"]],
  ])("by what arrives at %s, listening on %s, as %s", (address, listenHost, header, declared) => {
    expect(arrived(address, listenHost, header, declared)).toBe(true);
  });

  it.each([
    ["127.0.0.1", "127.0.0.1", "evil.example:8086", []],
    ["127.0.0.1", "127.0.0.1", "localhost.evil.example:8086", []],
    ["127.0.0.1", "127.0.0.1", "127.evil.example:8086", []],
    ["127.0.0.1", "127.0.0.1", "10.0.0.5:8086", []],
    ["10.0.0.5", "0.0.0.0", "evil.example:8086", []],
    ["10.0.0.5", "0.0.0.0", "10.0.0.6:8086", []],
    ["10.0.0.5", "0.0.0.0", "10.0.0.5:8087", []],
    ["10.0.0.5", "0.0.0.0", "10.0.0.5", []],
    ["10.0.0.5", "0.0.0.0", "0.0.0.0:8086", []],
    ["10.0.0.5", "0.0.0.0", "localhost:8086", []],
    ["127.0.0.1", "127.0.0.1", "lab.example:81", ["lab.example:80"]],
    ["127.0.0.1", "127.0.0.1", "sub.lab.example", ["lab.example"]],
  ])("not by what arrives at %s, listening on %s, as %s", (address, listenHost, header, declared) => {
    expect(arrived(address, listenHost, header, declared)).toBe(false);
  });
});
