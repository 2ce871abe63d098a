// For tests: one boot in small, from the first question to the first block, with what a summary says of each frame.
import { serializeAtaMessage } from "../../aoe/ata-message.ts";
import { serializeConfigMessage } from "../../aoe/config-message.ts";
import { aoeCommand, serializeAoe } from "../../aoe/message.ts";
import { arpOperation, serializeArp } from "../../arp/arp.ts";
import { bootpOperation, serializeDhcp } from "../../dhcp/message.ts";
import { dhcpMessageType } from "../../dhcp/options.ts";
import { pxeDiscoverBytes } from "../../dhcp/testing/pxe-clients.ts";
import { addressData, dnsClass, dnsOpcode, dnsType, serializeDns } from "../../dns/message.ts";
import { etherType, serializeEthernet } from "../../ethernet/ethernet.ts";
import { concatOctets } from "../../ethernet/octets.ts";
import { serializeIcmp } from "../../icmp/icmp.ts";
import { ipProtocol, serializeIpv4Packet } from "../../ipv4/packet.ts";
import { Command, Option, OptionReply } from "../../nbd/constants.ts";
import { encodeUtf8 } from "../../nbd/text.ts";
import {
  serializeGreeting,
  serializeOption,
  serializeOptionReply,
  serializeRequest,
  serializeSimpleReply,
} from "../../nbd/wire.ts";
import { ACK, NO_OPTIONS, PSH, SYN, serializeSegment, type TcpOptions } from "../../tcp/wire.ts";
import { serializeTftp } from "../../tftp/message.ts";
import { serializeUdp } from "../../udp/udp.ts";

export interface TestFrame {
  readonly protocol: string;
  readonly info: string;
  readonly bytes: Uint8Array;
}

export const GUEST = { mac: 0x020000000064, address: 0x0a560064 };
export const SERVER = { mac: 0x020000000001, address: 0x0a560001 };
type Host = typeof GUEST;

const EVERYONE = { mac: 0xffffffffffff, address: 0xffffffff };
const NOBODY = { ...GUEST, address: 0 };
const NONE = new Uint8Array(0);
const ISN = { guest: 1000, server: 0xfffffff0 };

export function ethernet(from: Host, to: Host, type: number, payload: Uint8Array): Uint8Array {
  return serializeEthernet({ source: from.mac, destination: to.mac, type, payload });
}

export function ipv4(from: Host, to: Host, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = serializeIpv4Packet({
    source: from.address,
    destination: to.address,
    protocol,
    payload,
    timeToLive: 64,
    typeOfService: 0,
    identification: 7,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
  });
  return ethernet(from, to, etherType.ipv4, packet);
}

export function udp(
  from: Host,
  to: Host,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
): Uint8Array {
  const datagram = serializeUdp({ sourcePort, destinationPort, payload }, from.address, to.address);
  return ipv4(from, to, ipProtocol.udp, datagram);
}

export interface SegmentFields {
  readonly fromGuest: boolean;
  /** From the stream's beginning, as in a dissection. */
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: Partial<TcpOptions>;
  readonly payload?: Uint8Array;
}

/** A segment between the guest's port 40000 and the server's 10809. */
export function tcp(fields: SegmentFields): Uint8Array {
  const { fromGuest, sequence, acknowledgment, flags = ACK, window = 500 } = fields;
  const [from, to] = fromGuest ? [GUEST, SERVER] : [SERVER, GUEST];
  const [own, other] = fromGuest ? [ISN.guest, ISN.server] : [ISN.server, ISN.guest];
  const segment = serializeSegment(
    {
      sourcePort: fromGuest ? 40000 : 10809,
      destinationPort: fromGuest ? 10809 : 40000,
      sequence: (own + sequence) >>> 0,
      acknowledgment: (flags & ACK) === 0 ? 0 : (other + acknowledgment) >>> 0,
      flags,
      window,
      options: { ...NO_OPTIONS, ...fields.options },
      payload: fields.payload ?? NONE,
    },
    from.address,
    to.address,
  );
  return ipv4(from, to, ipProtocol.tcp, segment);
}

const lease = serializeDhcp({
  operation: bootpOperation.reply,
  hardwareType: 1,
  hops: 0,
  transactionId: 0x50000064,
  seconds: 0,
  broadcast: false,
  clientAddress: 0,
  yourAddress: GUEST.address,
  serverAddress: SERVER.address,
  relayAddress: 0,
  clientHardware: Uint8Array.of(2, 0, 0, 0, 0, 0x64),
  serverName: "",
  bootFile: "pxelinux.0",
  options: {
    messageType: dhcpMessageType.ack,
    serverIdentifier: SERVER.address,
    leaseSeconds: 3600,
    subnetMask: 0xffffff00,
    routers: [SERVER.address],
    domainName: "netroot",
    userClasses: ["iPXE"],
  },
});

const question = { name: "relay.netroot", type: dnsType.a, class: dnsClass.internet };
const dns = (response: boolean) =>
  serializeDns({
    id: 1,
    response,
    opcode: dnsOpcode.query,
    authoritative: response,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: response,
    responseCode: 0,
    questions: [question],
    answers: response ? [{ ...question, timeToLive: 60, data: addressData(SERVER.address) }] : [],
    authorities: [],
    additionals: [],
  });

const aoe = (response: boolean, command: number, argument: Uint8Array) =>
  serializeAoe({ version: 1, response, error: undefined, shelf: 0, slot: 1, command, tag: 0x1234, argument });
const ata = {
  extended: true,
  device: false,
  asynchronous: false,
  write: false,
  errorFeature: 0,
  lba: 2048,
};

/** NBD_OPT_GO for `kisroot`, and its answer. */
export const GO = serializeOption(
  Option.go,
  concatOctets([Uint8Array.of(0, 0, 0, 7), encodeUtf8("kisroot"), Uint8Array.of(0, 0)]),
);
export const GO_INFO = serializeOptionReply(
  Option.go,
  OptionReply.info,
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 3),
);
export const GO_ACK = serializeOptionReply(Option.go, OptionReply.ack, NONE);
export const GREETING = serializeGreeting();
export const CLIENT_FLAGS = Uint8Array.of(0, 0, 0, 3);
export const READ = serializeRequest({
  flags: 0,
  command: Command.read,
  cookie: 9n,
  offset: 4096n,
  length: 1024,
});
export const READ_ANSWER = concatOctets([
  serializeSimpleReply({ error: 0, cookie: 9n }),
  new Uint8Array(1024).fill(0xab),
]);

const SYN_OPTIONS = {
  maximumSegmentSize: 1460,
  windowScale: 7,
  sackPermitted: true,
  timestamps: { value: 1, echo: 0 },
};

export const FRAMES: readonly TestFrame[] = [
  {
    protocol: "DHCP",
    info: "Discover from 02:00:00:00:00:64, transaction 0x9669610b",
    bytes: udp(NOBODY, EVERYONE, 68, 67, pxeDiscoverBytes("ipxe")),
  },
  {
    protocol: "DHCP",
    info: "Ack: 10.86.0.100 for 02:00:00:00:00:64, boot file pxelinux.0, transaction 0x50000064",
    bytes: udp(SERVER, GUEST, 67, 68, lease),
  },
  {
    protocol: "ARP",
    info: "Who has 10.86.0.1? Tell 10.86.0.100",
    bytes: ethernet(
      GUEST,
      EVERYONE,
      etherType.arp,
      serializeArp({
        operation: arpOperation.request,
        senderMac: GUEST.mac,
        senderAddress: GUEST.address,
        targetMac: 0,
        targetAddress: SERVER.address,
      }),
    ),
  },
  {
    protocol: "ARP",
    info: "10.86.0.1 is at 02:00:00:00:00:01",
    bytes: ethernet(
      SERVER,
      GUEST,
      etherType.arp,
      concatOctets([
        serializeArp({
          operation: arpOperation.reply,
          senderMac: SERVER.mac,
          senderAddress: SERVER.address,
          targetMac: GUEST.mac,
          targetAddress: GUEST.address,
        }),
        // As cards pad what is shorter than Ethernet's 60 bytes.
        new Uint8Array(18),
      ]),
    ),
  },
  {
    protocol: "ICMP",
    info: "Echo request 1, 8 bytes",
    bytes: ipv4(
      GUEST,
      SERVER,
      ipProtocol.icmp,
      serializeIcmp({ kind: "echo-request", identifier: 5, sequence: 1, data: new Uint8Array(8) }),
    ),
  },
  {
    protocol: "TFTP",
    info: "Read boot/linux, octet, blksize=1432",
    bytes: udp(
      GUEST,
      SERVER,
      50000,
      69,
      serializeTftp({
        kind: "request",
        operation: "read",
        path: "boot/linux",
        mode: "octet",
        options: [["blksize", "1432"]],
      }),
    ),
  },
  {
    protocol: "TFTP",
    info: "Options agreed, blksize=1432",
    bytes: udp(
      SERVER,
      GUEST,
      50001,
      50000,
      serializeTftp({ kind: "option-ack", options: [["blksize", "1432"]] }),
    ),
  },
  {
    protocol: "TFTP",
    info: "Data, block 1, 100 bytes",
    bytes: udp(
      SERVER,
      GUEST,
      50001,
      50000,
      serializeTftp({ kind: "data", block: 1, bytes: new Uint8Array(100) }),
    ),
  },
  {
    protocol: "TFTP",
    info: "Error 0: enough",
    bytes: udp(GUEST, SERVER, 50000, 50001, serializeTftp({ kind: "error", code: 0, message: "enough" })),
  },
  { protocol: "DNS", info: "A relay.netroot?", bytes: udp(GUEST, SERVER, 5353, 53, dns(false)) },
  { protocol: "DNS", info: "A relay.netroot: 10.86.0.1", bytes: udp(SERVER, GUEST, 53, 5353, dns(true)) },
  {
    protocol: "AoE",
    info: "e0.1: I am here",
    bytes: ethernet(
      SERVER,
      GUEST,
      etherType.aoe,
      aoe(
        true,
        aoeCommand.config,
        serializeConfigMessage({
          bufferCount: 16,
          firmwareVersion: 1,
          sectorsPerCommand: 2,
          aoeVersion: 1,
          command: 0,
          text: encodeUtf8("netroot"),
        }),
      ),
    ),
  },
  {
    protocol: "AoE",
    info: "e0.1: READ EXT 1024 bytes, sector 2048",
    bytes: ethernet(
      GUEST,
      SERVER,
      etherType.aoe,
      aoe(
        false,
        aoeCommand.ata,
        serializeAtaMessage({ ...ata, sectors: 2, commandStatus: 0x24, data: NONE }),
      ),
    ),
  },
  {
    protocol: "AoE",
    info: "e0.1: answer to READ EXT, status 0x40, 1024 bytes",
    bytes: ethernet(
      SERVER,
      GUEST,
      etherType.aoe,
      aoe(
        true,
        aoeCommand.ata,
        serializeAtaMessage({ ...ata, sectors: 0, commandStatus: 0x40, data: new Uint8Array(1024) }),
      ),
    ),
  },
  {
    protocol: "TCP",
    info: "40000 → 10809 [SYN] seq=0 window=500 length=0",
    bytes: tcp({ fromGuest: true, sequence: 0, acknowledgment: 0, flags: SYN, options: SYN_OPTIONS }),
  },
  {
    protocol: "TCP",
    info: "10809 → 40000 [ACK, SYN] seq=0 ack=1 window=500 length=0",
    bytes: tcp({ fromGuest: false, sequence: 0, acknowledgment: 1, flags: SYN | ACK, options: SYN_OPTIONS }),
  },
  {
    protocol: "TCP",
    info: "40000 → 10809 [ACK] seq=1 ack=1 window=64000 length=0",
    bytes: tcp({ fromGuest: true, sequence: 1, acknowledgment: 1 }),
  },
  {
    protocol: "NBD",
    info: "the server's greeting",
    bytes: tcp({ fromGuest: false, sequence: 1, acknowledgment: 1, flags: ACK | PSH, payload: GREETING }),
  },
  {
    protocol: "NBD",
    info: 'the client\'s flags · NBD_OPT_GO (7) "kisroot"',
    bytes: tcp({
      fromGuest: true,
      sequence: 1,
      acknowledgment: 19,
      flags: ACK | PSH,
      payload: concatOctets([CLIENT_FLAGS, GO]),
    }),
  },
  {
    protocol: "NBD",
    info: "NBD_REP_INFO (3) to NBD_OPT_GO (7), 1048576 bytes · NBD_REP_ACK (1) to NBD_OPT_GO (7)",
    bytes: tcp({
      fromGuest: false,
      sequence: 19,
      acknowledgment: 5 + GO.length,
      flags: ACK | PSH,
      payload: concatOctets([GO_INFO, GO_ACK]),
    }),
  },
  {
    protocol: "NBD",
    info: "READ 1024 bytes at 4096",
    bytes: tcp({
      fromGuest: true,
      sequence: 5 + GO.length,
      acknowledgment: 19 + GO_INFO.length + GO_ACK.length,
      payload: READ,
    }),
  },
  {
    protocol: "NBD",
    info: "answer to READ 1024 bytes at 4096",
    bytes: tcp({
      fromGuest: false,
      sequence: 19 + GO_INFO.length + GO_ACK.length,
      acknowledgment: 5 + GO.length + READ.length,
      payload: READ_ANSWER,
    }),
  },
];
