import { z } from "zod";
import { TOKEN_PATTERN } from "../../net/access/token.ts";
import { formatAoeAddress, parseAoeAddress } from "../../net/aoe/address.ts";
import { leasedRange } from "../../net/boot-server/range.ts";
import { LONGEST_FILE_FIELD } from "../../net/dhcp/pxe.ts";
import { isInNetwork, netmask, parseIpv4 } from "../../net/ipv4/address.ts";
import { DEFAULT_TRANSFERS_PER_CLIENT } from "../../net/tftp/server.ts";
import { parseHost } from "../access/hosts.ts";
import { originOf } from "../access/origins.ts";
import { DEFAULT_CLIENT_LIMITS } from "../client/limits.ts";
import { parseNbdUrl } from "../exports/nbd-url.ts";
import { DEFAULT_LOG_LINES_OF_ALL_PER_SECOND, DEFAULT_LOG_LINES_PER_SECOND } from "../log-limit.ts";
import { DEFAULT_LINK_QUEUE_BYTES } from "../wire/link-counters.ts";

// Every message is the second half of a sentence: "netroot.toml, line 3: segment.mtu …".

const port = (least: number) =>
  z
    .int(`is a number from ${least} to 65535`)
    .min(least, `is a number from ${least} to 65535`)
    .max(65535, `is a number from ${least} to 65535`);
const words = (what: string) => z.string(`is ${what}, in quotes`).min(1, `is ${what}, and not empty`);
const count = (least: number, most: number) =>
  z
    .int(`is a number from ${least} to ${most}`)
    .min(least, `is at least ${least}`)
    .max(most, `is at most ${most}`);
const yesOrNo = z.boolean("is true or false, without quotes");

/** The network of a segment. Its first address is the boot server's. */
const network = words("a network, such as 10.86.0.0/24").transform((text, context) => {
  const [base = "", bits = "", ...rest] = text.split("/");
  const address = parseIpv4(base);
  const prefixLength = /^[0-9]{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  const refuse = (message: string) => {
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  };
  if (rest.length > 0 || address === undefined || Number.isNaN(prefixLength))
    return refuse("is a network, such as 10.86.0.0/24");
  if (prefixLength < 8 || prefixLength > 30) return refuse("is a network with a prefix from /8 to /30");
  const first = (address & netmask(prefixLength)) >>> 0;
  if (first !== address) return refuse(`has bits set behind its prefix /${prefixLength}`);
  if (
    address >>> 24 === 0 ||
    address >>> 24 >= 224 ||
    isInNetwork(address, { address: 0x7f000000, prefixLength: 8 })
  )
    return refuse("is a private network, such as 10.86.0.0/24");
  const serverAddress = address + 1;
  const { firstAddress: firstClientAddress } = leasedRange(serverAddress, prefixLength);
  return { prefixLength, serverAddress, firstClientAddress };
});

const server = words("the address of an NBD server, such as nbd://host:10809/name").superRefine(
  (url, context) => {
    try {
      parseNbdUrl(url);
    } catch (error) {
      context.addIssue({
        code: "custom",
        message: `is the address of an NBD server: ${(error as Error).message.replace(/\.$/, "")}`,
      });
    }
  },
);

/** Where an export is an AoE target: "e0.1". */
const AOE_WORDS = 'is an AoE target in quotes, such as "e0.1", or false';
const aoeTarget = z.union([z.string(), z.literal(false)], AOE_WORDS).transform((text, context) => {
  if (text === false) return text;
  const address = parseAoeAddress(text);
  if (address !== undefined) return address;
  context.issues.push({
    code: "custom",
    message:
      "is an AoE target, such as e0.1: e, a shelf from 0 to 65534, a dot, a slot from 0 to 254. It names a place, and no network interface",
    input: text,
  });
  return z.NEVER;
});

const exportEntry = z
  .strictObject({
    name: words("the name by which clients ask for it").max(255, "is at most 255 characters long"),
    image: words("the path of an image file").optional(),
    server: server.optional(),
    readonly: yesOrNo.default(true),
    /** `false` for none; the next free one of e0.1, e0.2 … unless given. */
    aoe: aoeTarget.optional(),
    /** Whether the real vblade serves it, on the uplink. */
    vblade: yesOrNo.optional(),
  })
  .superRefine(({ name, image, server, aoe, vblade }, context) => {
    if (vblade && (image === undefined || !aoe)) {
      const message = `is for an image with an AoE target: give "${name}" image = and aoe =`;
      context.addIssue({ code: "custom", message, path: ["vblade"] });
    }
    if ((image === undefined) === (server === undefined)) {
      const message = `"${name}" has ${image === undefined ? "neither an image nor a server" : "both an image and a server"}; it needs one of them`;
      context.addIssue({ code: "custom", message });
    }
  });

/** As Linux has it: at most 15 bytes (IFNAMSIZ), none of them a slash, a colon or a space. */
const tapName = words("the name of a network interface, such as netroot0").regex(
  /^(?!\.{1,2}$)[\x21-\x2e\x30-\x39\x3b-\x7e]{1,15}$/,
  "is the name of a network interface: at most 15 characters, with no slash, colon or space",
);

/** A host and a port, for a forward: "192.168.1.5:22", "[::1]:22". */
const target = words("a host and a port, such as 192.168.1.5:22").transform((text, context) => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):([0-9]{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const number = Number(match?.[3]);
  if (host !== undefined && number >= 1 && number <= 65535) return { host, port: number };
  context.issues.push({
    code: "custom",
    message: "is a host and a port, such as 192.168.1.5:22",
    input: text,
  });
  return z.NEVER;
});

/** Of a page. Compared with what browsers send, so it is written as they write it. */
const origin = words("an origin, such as https://lab.example").superRefine((text, context) => {
  const written = originOf(text);
  if (written === text) return;
  const message =
    written === undefined
      ? `is an origin, such as https://lab.example; "${text}" is none`
      : `is an origin, without path and usual port: write "${written}" in place of "${text}"`;
  context.addIssue({ code: "custom", message });
});

/** By which the relay is reached. Without a port: at any. */
const host = words("a host, such as lab.example or 10.0.0.5:8086").transform((text, context) => {
  const parsed = parseHost(text);
  if (parsed !== undefined) return parsed;
  const message = `is a host, such as lab.example or 10.0.0.5:8086; "${text}" is none`;
  context.issues.push({ code: "custom", message, input: text });
  return z.NEVER;
});

const TOKEN_WORDS = "is 16 to 256 letters, digits, - and _, in quotes";

const NBD_PORT = 10809;
const DEFAULT_MAX_CLIENTS = 64;
/** A tab has a wire, two connections for blocks and up to six for files. */
const DEFAULT_MAX_CONNECTIONS = 1024;
const DEFAULT_REQUEST_SECONDS = 15;
/** Time for a laptop to change its network, or to be opened again. */
const DEFAULT_RESUME_SECONDS = 120;
const forwardEntry = z.strictObject({
  port: port(1).refine(
    (number) => number !== NBD_PORT,
    `${NBD_PORT} is the port of the exports; choose another one`,
  ),
  to: target,
});

/** Text that is to go into a DHCP option. */
const bootName = (what: string, most: number) =>
  words(what)
    .max(most, `is at most ${most} characters long`)
    .regex(/^[\x20-\x7e]*$/, "is made of plain ASCII characters");
const bootTable = z.strictObject({
  file: bootName("the path of a file in tftpboot/, such as pxelinux.0", LONGEST_FILE_FIELD).optional(),
  /** `false` for the same as `file`; a script that is made of pxelinux.cfg unless given. */
  ipxe: z
    .union([z.string(), z.literal(false)], "is the path of a file in tftpboot/ or a URL, in quotes, or false")
    .pipe(z.union([z.literal(false), bootName("the path of a file in tftpboot/, or a URL", 255)]))
    .optional(),
  config: bootName("the path of a pxelinux configuration", 255).optional(),
  prefix: bootName("what pxelinux puts in front of the names of files", 255).optional(),
});

const tables = z.strictObject({
  listen: z
    .strictObject({
      host: words("an address of this machine, such as 127.0.0.1").default("127.0.0.1"),
      port: port(0).default(8086),
      /** A UNIX socket for machines that are no browsers; in the tree unless the path is absolute. */
      socket: words("the path of a UNIX socket").optional(),
    })
    .prefault({}),
  segment: z
    .strictObject({
      mode: z.enum(["isolated", "shared"], `is "isolated" or "shared"`).default("isolated"),
      network: network.prefault("10.86.0.0/24"),
      mtu: z
        .int("is a number from 576 to 65000")
        .min(576, "is at least 576")
        .max(65000, "is at most 65000")
        // A guest reads its root almost twice as fast as at 1500. No wire is there that could not.
        .default(9000),
    })
    .prefault({}),
  /** Parts of the tree that lie elsewhere, and are used as they are; relative to the tree. */
  tree: z
    .strictObject({
      tftpboot: words("the path of a folder, such as /srv/tftpboot").optional(),
      nbd_config: words("the path of nbd-server's configuration, such as /etc/nbd-server/config").optional(),
    })
    .prefault({}),
  /** What a machine that boots from the network card is told. See `planBoot` for the defaults. */
  boot: bootTable.prefault({}),
  export: z
    .array(exportEntry, "is a list: write [[export]], with two brackets")
    .superRefine((exports, context) => {
      const taken = new Map<string, string>();
      for (const [index, { name, aoe }] of exports.entries()) {
        if (!aoe) continue;
        const place = formatAoeAddress(aoe);
        const other = taken.get(place);
        if (other === undefined) taken.set(place, name);
        else {
          const message = `${place} is "${other}" already, further up; give each export a target of its own`;
          context.addIssue({ code: "custom", message, path: [index, "aoe"] });
        }
      }
    })
    .default([]),
  forward: z
    .array(forwardEntry, "is a list: write [[forward]], with two brackets")
    .superRefine((forwards, context) => {
      for (const [index, { port }] of forwards.entries()) {
        if (forwards.findIndex((other) => other.port === port) === index) continue;
        const message = `${port} is forwarded already, further up`;
        context.addIssue({ code: "custom", message, path: [index, "port"] });
      }
    })
    .default([]),
  limits: z
    .strictObject({
      tftp_transfers: z
        .int("is a number from 1 to 256")
        .min(1, "is at least 1")
        .max(256, "is at most 256")
        .default(DEFAULT_TRANSFERS_PER_CLIENT),
      /** Clients on the wire at once. */
      clients: z
        .int("is a number from 1 to 10000")
        .min(1, "is at least 1")
        .max(10_000, "is at most 10000")
        .default(DEFAULT_MAX_CLIENTS),
      /** Of them from one address; a class behind a NAT has one. As many as there may be at all unless given. */
      clients_per_address: count(1, 10_000).optional(),
      /** TCP connections to the relay's port at once, those of the clients included. */
      connections: z
        .int("is a number from 1 to 100000")
        .min(1, "is at least 1")
        .max(100_000, "is at most 100000")
        .default(DEFAULT_MAX_CONNECTIONS),
      /** How long a request, or a WebSocket's handshake, may take to arrive. */
      request_seconds: z
        .number("is a number of seconds from 1 to 300")
        .min(1, "is at least 1")
        .max(300, "is at most 300")
        .default(DEFAULT_REQUEST_SECONDS),
      /** How long a client whose socket was cut is waited for. */
      resume_seconds: z
        .number("is a number of seconds from 0 to 3600")
        .min(0, "is at least 0, which waits for nobody")
        .max(3600, "is at most 3600")
        .default(DEFAULT_RESUME_SECONDS),
      // Of each client. See `ClientLimits`.
      tcp_flows: count(1, 10_000).default(DEFAULT_CLIENT_LIMITS.tcpFlows),
      tcp_half_open: count(1, 10_000).default(DEFAULT_CLIENT_LIMITS.tcpHalfOpen),
      tcp_half_open_seconds: count(1, 3600).default(DEFAULT_CLIENT_LIMITS.tcpHalfOpenSeconds),
      /** 0 for never. */
      tcp_idle_seconds: count(0, 10_000_000).default(DEFAULT_CLIENT_LIMITS.tcpIdleSeconds),
      // At least one frame of the largest MTU.
      bytes_per_second: count(100_000, 1e12).default(DEFAULT_CLIENT_LIMITS.bytesPerSecond),
      packets_per_second: count(10, 1e9).default(DEFAULT_CLIENT_LIMITS.packetsPerSecond),
      /** What waits for a client that does not read; at least one batch. What is over it is dropped. */
      link_queue_bytes: count(262_144, 1e9).default(DEFAULT_LINK_QUEUE_BYTES),
      log_lines_per_second: count(1, 10_000).default(DEFAULT_LOG_LINES_PER_SECOND),
      log_lines_of_all_per_second: count(1, 100_000).default(DEFAULT_LOG_LINES_OF_ALL_PER_SECOND),
    })
    .prefault({}),
  /** A Linux tap on the segment: what listens there stands beside the clients. */
  uplink: z
    .strictObject({
      tap: tapName.optional(),
      /** Whether a DHCP server on it answers the clients, and the boot server does not. */
      dhcp: yesOrNo.default(false),
    })
    .prefault({}),
  access: z
    .strictObject({
      origins: z
        .array(origin, 'is a list of origins in brackets, such as ["https://lab.example"]')
        .default([]),
      hosts: z
        .array(host, 'is a list of names in brackets, such as ["lab.example", "10.0.0.5:8086"]')
        .default([]),
      token: z.string(TOKEN_WORDS).regex(TOKEN_PATTERN, TOKEN_WORDS).optional(),
    })
    .prefault({}),
});

/** netroot.toml. Everything has a default. */
export const configurationSchema = tables.superRefine(({ uplink, segment, export: exports }, context) => {
  for (const [index, { vblade }] of exports.entries()) {
    if (!vblade || uplink.tap !== undefined) continue;
    const message = "needs a network interface to serve on: name one with [uplink] tap";
    context.addIssue({ code: "custom", message, path: ["export", index, "vblade"] });
  }
  if (uplink.dhcp && uplink.tap === undefined) {
    const message = "needs a network interface with a DHCP server on it: name one with uplink.tap";
    context.addIssue({ code: "custom", message, path: ["uplink", "dhcp"] });
  }
  if (uplink.tap === undefined || segment.mode === "shared") return;
  const message = `joins one segment, and each client has one of its own: set segment.mode to "shared"`;
  context.addIssue({ code: "custom", message, path: ["uplink", "tap"] });
});

export type Configuration = z.output<typeof configurationSchema>;
export type ExportConfiguration = Configuration["export"][number];
