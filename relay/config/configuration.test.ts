import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { ConfigurationError, parseConfiguration, readConfiguration } from "./configuration.ts";
import { findLine } from "./find-line.ts";

const parse = (text: string) => parseConfiguration(text, "netroot.toml");

describe("netroot.toml", () => {
  it("may be empty or absent: everything has a default", async () => {
    const tree = await mkdtemp(join(tmpdir(), "netroot-config-"));
    const configuration = await readConfiguration(tree);
    expect(configuration).toEqual(parse(""));
    expect(configuration).toEqual({
      listen: { host: "127.0.0.1", port: 8086 },
      tree: {},
      segment: {
        mode: "isolated",
        network: {
          prefixLength: 24,
          serverAddress: parseIpv4("10.86.0.1"),
          firstClientAddress: parseIpv4("10.86.0.100"),
        },
        mtu: 9000,
      },
      boot: {},
      export: [],
      forward: [],
      access: { origins: [], hosts: [] },
      uplink: { dhcp: false },
      limits: {
        tftp_transfers: 16,
        clients: 64,
        connections: 1024,
        request_seconds: 15,
        resume_seconds: 120,
        tcp_flows: 128,
        tcp_half_open: 32,
        tcp_half_open_seconds: 60,
        tcp_idle_seconds: 0,
        bytes_per_second: 1_000_000_000,
        packets_per_second: 250_000,
        link_queue_bytes: 8_388_608,
        log_lines_per_second: 20,
        log_lines_of_all_per_second: 200,
      },
    });
    await writeFile(join(tree, "netroot.toml"), "[listen]\nport = 1234\n");
    expect((await readConfiguration(tree)).listen).toEqual({ host: "127.0.0.1", port: 1234 });
    await rm(tree, { recursive: true });
  });

  it("says all that the design has for it", () => {
    const configuration = parse(`
      listen.host = "0.0.0.0"
      [segment]
      network = "192.168.7.0/26"
      mtu = 4000
      mode = "shared"
      [uplink]
      tap = "netroot0"
      dhcp = true
      [[export]]
      name = "kisroot"
      image = "exports/kisroot.squashfs"
      aoe = "e0.1"
      [[export]]
      name = "far"
      server = "nbd://server.example:10810/far"
      readonly = false
      [[forward]]
      port = 2049
      to = "[fd00::1]:22"
      [access]
      origins = ["https://lab.example", "http://10.0.0.5:5173"]
      hosts = ["Lab.example", "10.0.0.5:8086", "[FD00:0:0::1]:80"]
      token = "0123456789-_abcdefXYZ"
    `);
    expect(configuration).toMatchObject({
      listen: { host: "0.0.0.0", port: 8086 },
      segment: {
        network: {
          prefixLength: 26,
          serverAddress: parseIpv4("192.168.7.1"),
          firstClientAddress: parseIpv4("192.168.7.2"),
        },
        mtu: 4000,
        mode: "shared",
      },
      uplink: { tap: "netroot0", dhcp: true },
      export: [
        {
          name: "kisroot",
          image: "exports/kisroot.squashfs",
          readonly: true,
          aoe: { shelf: 0, slot: 1 },
        },
        { name: "far", server: "nbd://server.example:10810/far", readonly: false },
      ],
      forward: [{ port: 2049, to: { host: "fd00::1", port: 22 } }],
      access: {
        origins: ["https://lab.example", "http://10.0.0.5:5173"],
        hosts: [
          { name: "lab.example", port: undefined },
          { name: "10.0.0.5", port: 8086 },
          { name: "fd00::1", port: 80 },
        ],
        token: "0123456789-_abcdefXYZ",
      },
    });
  });
});

describe("what is wrong is said with its line, its key and what would be right", () => {
  it.each([
    ["[listen]\nport = 99999", "line 2: listen.port is a number from 0 to 65535."],
    ["[listen]\n\nport = '80'", "line 3: listen.port is a number from 0 to 65535."],
    ["listen = 3", "line 1: listen is a table: its name in brackets on a line, its keys below."],
    ["[limits]\ntftp_transfers = 0", "line 2: limits.tftp_transfers is at least 1."],
    ["[limits]\nconnections = 0", "line 2: limits.connections is at least 1."],
    ["[limits]\nrequest_seconds = 0", "line 2: limits.request_seconds is at least 1."],
    ["[limits]\nclients = 0", "line 2: limits.clients is at least 1."],
    ["[limits]\ntcp_flows = 0", "line 2: limits.tcp_flows is at least 1."],
    ["[limits]\ntcp_half_open = 1.5", "line 2: limits.tcp_half_open is a number from 1 to 10000."],
    ["[limits]\ntcp_idle_seconds = -1", "line 2: limits.tcp_idle_seconds is at least 0."],
    ["[limits]\nbytes_per_second = 1500", "line 2: limits.bytes_per_second is at least 100000."],
    ["[limits]\npackets_per_second = 1", "line 2: limits.packets_per_second is at least 10."],
    ["[limits]\nlog_lines_per_second = 0", "line 2: limits.log_lines_per_second is at least 1."],
    ["[limits]\nlink_queue_bytes = 1500", "line 2: limits.link_queue_bytes is at least 262144."],
    ["[limits]\nresume_seconds = -1", "line 2: limits.resume_seconds is at least 0, which waits for nobody."],
    ["[segment]\nmtuu = 9000", "line 2: segment.mtuu is not known here. Did you mean mtu?"],
    ["[listen]\nx = 1", "line 2: listen.x is not known here. There is: host, port, socket."],
    ["# all\nlisen = 1", "line 2: lisen is not known here. Did you mean listen?"],
    ["[segment]\nmode = 'bridged'", 'line 2: segment.mode is "isolated" or "shared".'],
    ["segment.network = '10.86.0.1/24'", "line 1: segment.network has bits set behind its prefix /24."],
    ["segment.network = '10.0.0.0/31'", "line 1: segment.network is a network with a prefix from /8 to /30."],
    ["segment.network = '10.86.0.0'", "line 1: segment.network is a network, such as 10.86.0.0/24."],
    [
      "segment.network = '127.0.0.0/24'",
      "line 1: segment.network is a private network, such as 10.86.0.0/24.",
    ],
    ["[export]\nname = 'a'", "line 1: export is a list: write [[export]], with two brackets."],
    [
      "[[export]]\nimage = 'a'",
      "line 1: [[export]] number 1, name is missing: it is the name by which clients ask for it, in quotes.",
    ],
    [
      "[[export]]\nname = 'a'",
      'line 1: [[export]] number 1 "a" has neither an image nor a server; it needs one of them.',
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\n[[export]]\nname = 'b'\nserver = 'http://x'",
      'line 6: [[export]] number 2, server is the address of an NBD server: "http://x" is neither nbd:// nor nbd+unix://; other kinds of server are not known here.',
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\nreadonly = 'yes'",
      "line 4: [[export]] number 1, readonly is true or false, without quotes.",
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\naoe = 'eth0'",
      "line 4: [[export]] number 1, aoe is an AoE target, such as e0.1: e, a shelf from 0 to 65534, a dot, a slot from 0 to 254. It names a place, and no network interface.",
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\naoe = true",
      'line 4: [[export]] number 1, aoe is an AoE target in quotes, such as "e0.1", or false.',
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\nvblade = true",
      'line 4: [[export]] number 1, vblade is for an image with an AoE target: give "a" image = and aoe =.',
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\naoe = 'e0.1'\nvblade = true",
      "line 5: [[export]] number 1, vblade needs a network interface to serve on: name one with [uplink] tap.",
    ],
    [
      "[[export]]\nname = 'a'\nimage = 'i'\naoe = 'e0.1'\n[[export]]\nname = 'b'\nimage = 'j'\naoe = 'e00.1'",
      'line 8: [[export]] number 2, aoe e0.1 is "a" already, further up; give each export a target of its own.',
    ],
    [
      "[[forward]]\nport = 10809\nto = 'h:1'",
      "line 2: [[forward]] number 1, port 10809 is the port of the exports; choose another one.",
    ],
    [
      "[[forward]]\nport = 22\nto = 'h'",
      "line 3: [[forward]] number 1, to is a host and a port, such as 192.168.1.5:22.",
    ],
    [
      "[[forward]]\nport = 22\nto = 'a:1'\n[[forward]]\nport = 22\nto = 'b:1'",
      "line 5: [[forward]] number 2, port 22 is forwarded already, further up.",
    ],
    ["\n[[exports]]\nname = 'a'", "line 2: exports is not known here. Did you mean export?"],
    [
      "[access]\norigins = 'https://lab.example'",
      'line 2: access.origins is a list of origins in brackets, such as ["https://lab.example"].',
    ],
    [
      "[access]\norigins = ['https://a.example', 'lab.example']",
      'line 2: access.origins number 2 is an origin, such as https://lab.example; "lab.example" is none.',
    ],
    [
      "[access]\norigins = ['*']",
      'line 2: access.origins number 1 is an origin, such as https://lab.example; "*" is',
    ],
    ["[access]\norigins = ['null']", "line 2: access.origins number 1 is an origin, such as"],
    [
      "[access]\norigins = [1]",
      "line 2: access.origins number 1 is an origin, such as https://lab.example, in quotes.",
    ],
    [
      "[access]\norigins = ['https://Lab.example:443/x']",
      'line 2: access.origins number 1 is an origin, without path and usual port: write "https://lab.example" in place of',
    ],
    [
      "[access]\nhosts = ['http://lab.example']",
      'line 2: access.hosts number 1 is a host, such as lab.example or 10.0.0.5:8086; "http://lab.example" is none.',
    ],
    ["[access]\nhosts = ['lab.example:0']", "line 2: access.hosts number 1 is a host, such as"],
    ["[access]\ntoken = 'secret'", "line 2: access.token is 16 to 256 letters, digits, - and _, in quotes."],
    [
      "[access]\ntoken = 'with spaces in it'",
      "line 2: access.token is 16 to 256 letters, digits, - and _, in quotes.",
    ],
    ["[access]\ntokn = 'x'", "line 2: access.tokn is not known here. Did you mean token?"],
    [
      "[uplink]\ntap = 't0'",
      'line 2: uplink.tap joins one segment, and each client has one of its own: set segment.mode to "shared".',
    ],
    [
      "[uplink]\ntap = 'the name is too long'",
      "line 2: uplink.tap is the name of a network interface: at most 15 characters, with no slash, colon or space.",
    ],
    [
      "[uplink]\ndhcp = true",
      "line 2: uplink.dhcp needs a network interface with a DHCP server on it: name one with uplink.tap.",
    ],
    ["a =", "line 1: this is not TOML: "],
  ])("%j", (text, sentence) => {
    expect(() => parse(text)).toThrow(`netroot.toml, ${sentence}`);
  });

  it("all at once", () => {
    expect(() => parse("[listen]\nhost = 1\nport = -1\nx = 1")).toThrow(
      /line 2: .*\n.*line 3: .*\n.*line 4: /,
    );
  });
});

describe("any text", () => {
  it("is a configuration or a ConfigurationError", () => {
    const word = fc.constantFrom(
      "listen",
      "segment",
      "export",
      "forward",
      "[",
      "]",
      "[[",
      "]]",
      "=",
      "\n",
      "port",
      "name",
      "'x'",
      "1",
      "{",
      "}",
      ".",
      ",",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(" ")),
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError);
          }
        },
      ),
    );
  });
});

describe("the line of a key", () => {
  it("is found in tables, lists of tables, dotted and quoted keys", () => {
    const text = `a.b = 1\n[t]\n"c d" = 2\n[[l]]\nx = 1\n[[l]]\n# x = 3\n x = 2\n[t.u]\nv = 1`;
    expect(findLine(text, ["a", "b"])).toBe(1);
    expect(findLine(text, ["t", "c d"])).toBe(3);
    expect(findLine(text, ["l", 0, "x"])).toBe(5);
    expect(findLine(text, ["l", 1, "x"])).toBe(8);
    expect(findLine(text, ["l", 1, "missing"])).toBe(6);
    expect(findLine(text, ["t", "u", "v"])).toBe(10);
    expect(findLine(text, ["nowhere"])).toBeUndefined();
  });
});
