import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arpOperation, serializeArp } from "../../net/arp/arp.ts";
import { serializeDhcp } from "../../net/dhcp/message.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import { etherType, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { ipProtocol, serializeIpv4Packet } from "../../net/ipv4/packet.ts";
import { Info, NBD_PORT, Option, OptionReply } from "../../net/nbd/constants.ts";
import { exportNameReply } from "../../net/nbd/options.ts";
import { encodeUtf8 } from "../../net/nbd/text.ts";
import { serializeGreeting, serializeOption, serializeOptionReply } from "../../net/nbd/wire.ts";
import { ACK, NO_OPTIONS, RST, SYN, serializeSegment } from "../../net/tcp/wire.ts";
import { serializeUdp } from "../../net/udp/udp.ts";
import type { MilestoneName, Problem } from "../interface.ts";
import { FrameWatch } from "./frame-watch.ts";

const GUEST = parseIpv4("10.86.0.100")!;
const SERVER = parseIpv4("10.86.0.1")!;
const PORT = 45000;

function setUp(append = "") {
  const reached: [MilestoneName, string | undefined][] = [];
  const problems: Problem[] = [];
  const watch = new FrameWatch(
    {
      reached: (name, detail) => reached.push([name, detail]),
      problem: (problem) => problems.push(problem),
    },
    append,
  );
  return { watch, reached, problems };
}

function ethernet(type: number, payload: Uint8Array): Uint8Array {
  return serializeEthernet({ destination: 1, source: 2, type, payload });
}

function ipv4(source: number, destination: number, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = serializeIpv4Packet({
    source,
    destination,
    protocol,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    payload,
  });
  return ethernet(etherType.ipv4, packet);
}

function arp(senderAddress: number): Uint8Array {
  return ethernet(
    etherType.arp,
    serializeArp({
      operation: arpOperation.request,
      senderMac: 2,
      senderAddress,
      targetMac: 0,
      targetAddress: SERVER,
    }),
  );
}

function dhcp(messageType: number, yourAddress: number): Uint8Array {
  const message = serializeDhcp({
    operation: 2,
    hardwareType: 1,
    hops: 0,
    transactionId: 7,
    seconds: 0,
    broadcast: false,
    clientAddress: 0,
    yourAddress,
    serverAddress: SERVER,
    relayAddress: 0,
    clientHardware: Uint8Array.of(2, 0, 0, 0, 0, 2),
    serverName: "",
    bootFile: "",
    options: { messageType, serverIdentifier: SERVER },
  });
  const datagram = serializeUdp({ sourcePort: 67, destinationPort: 68, payload: message }, SERVER, GUEST);
  return ipv4(SERVER, GUEST, ipProtocol.udp, datagram);
}

/** A connection to the NBD port, as its frames on the wire. */
class Connection {
  readonly #watch: FrameWatch;
  #guestNext = 0xfffffff0;
  #serverNext = 5;

  constructor(watch: FrameWatch) {
    this.#watch = watch;
    watch.fromGuest(this.#guest(SYN, new Uint8Array(0)), 0);
    watch.toGuest(this.#server(SYN | ACK, new Uint8Array(0)));
    this.#guestNext = (this.#guestNext + 1) >>> 0;
    this.#serverNext += 1;
  }

  /** In segments of `size` bytes, each sent twice: TCP may. */
  guestSays(bytes: Uint8Array, size = 1460): void {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      const frame = this.#guest(ACK, piece);
      this.#watch.fromGuest(frame, 0);
      this.#watch.fromGuest(frame, 0);
      this.#guestNext = (this.#guestNext + piece.length) >>> 0;
    }
  }

  serverSays(bytes: Uint8Array, size = 1460): void {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      const frame = this.#server(ACK, piece);
      this.#watch.toGuest(frame);
      this.#watch.toGuest(frame);
      this.#serverNext += piece.length;
    }
  }

  serverResets(): void {
    this.#watch.toGuest(this.#server(RST | ACK, new Uint8Array(0)));
  }

  #guest(flags: number, payload: Uint8Array): Uint8Array {
    return ipv4(
      GUEST,
      SERVER,
      ipProtocol.tcp,
      segment(PORT, NBD_PORT, this.#guestNext, flags, payload, GUEST, SERVER),
    );
  }

  #server(flags: number, payload: Uint8Array): Uint8Array {
    return ipv4(
      SERVER,
      GUEST,
      ipProtocol.tcp,
      segment(NBD_PORT, PORT, this.#serverNext, flags, payload, SERVER, GUEST),
    );
  }
}

function segment(
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  flags: number,
  payload: Uint8Array,
  source: number,
  destination: number,
): Uint8Array {
  return serializeSegment(
    {
      sourcePort,
      destinationPort,
      sequence,
      acknowledgment: 0,
      flags,
      window: 1000,
      options: NO_OPTIONS,
      payload,
    },
    source,
    destination,
  );
}

/** u32 client flags. */
const clientFlags = Uint8Array.of(0, 0, 0, 3);

/** u32 length, name, u16 number of information requests. */
function goOption(name: string): Uint8Array {
  const bytes = encodeUtf8(name);
  return serializeOption(Option.go, Uint8Array.of(0, 0, 0, bytes.length, ...bytes, 0, 0));
}

/** NBD_INFO_EXPORT: u16 type, u64 size, u16 flags (HAS_FLAGS, READ_ONLY). */
const exportInfo = Uint8Array.of(0, Info.export, 0, 0, 0, 0, 0x05, 0xf5, 0xe1, 0x00, 0, 3);

function goAnswer(): Uint8Array {
  const info = serializeOptionReply(Option.go, OptionReply.info, exportInfo);
  const ack = serializeOptionReply(Option.go, OptionReply.ack, new Uint8Array(0));
  return Uint8Array.from([...info, ...ack]);
}

it("takes what the firmware sends for the firmware's, until the kernel runs", () => {
  const reached: [MilestoneName, string | undefined][] = [];
  const signs = {
    reached: (name: MilestoneName, detail?: string) => reached.push([name, detail]),
    problem: () => {},
  };
  const watch = new FrameWatch(signs, "", true);
  watch.toGuest(dhcp(dhcpMessageType.ack, GUEST));
  watch.fromGuest(arp(GUEST), 0);
  expect(watch.firmware).toBe(true);
  expect(reached).toEqual([["dhcp", "10.86.0.100 from 10.86.0.1"]]);
  watch.kernelRuns();
  watch.fromGuest(arp(GUEST), 1);
  expect(watch.firmware).toBe(false);
  expect(reached.at(-1)).toEqual(["network", "10.86.0.100"]);
});

describe("the frames of a boot", () => {
  it("show the lease, and not what was only offered or not given", () => {
    const { watch, reached } = setUp();
    watch.toGuest(dhcp(dhcpMessageType.offer, GUEST));
    watch.toGuest(dhcp(dhcpMessageType.nak, 0));
    watch.toGuest(dhcp(dhcpMessageType.ack, 0));
    expect(reached).toEqual([]);
    watch.toGuest(dhcp(dhcpMessageType.ack, GUEST));
    expect(reached).toEqual([["dhcp", "10.86.0.100 from 10.86.0.1"]]);
  });

  it("show the guest's address when it first uses it, not when it probes for it", () => {
    const { watch, reached } = setUp();
    watch.fromGuest(arp(0), 0);
    expect(reached).toEqual([]);
    watch.fromGuest(arp(GUEST), 0);
    watch.fromGuest(arp(GUEST), 0);
    expect(reached).toEqual([["network", "10.86.0.100"]]);
  });

  it.each([1460, 7, 1])("show the attached root, in segments of %i bytes", (size) => {
    const { watch, reached } = setUp();
    const connection = new Connection(watch);
    connection.serverSays(serializeGreeting(), size);
    connection.guestSays(clientFlags, size);
    // nbd-client asks for structured replies first, and is refused.
    connection.guestSays(serializeOption(Option.structuredReply, new Uint8Array(0)), size);
    connection.serverSays(
      serializeOptionReply(Option.structuredReply, OptionReply.errUnsupported, new Uint8Array(0)),
      size,
    );
    connection.guestSays(goOption("kisroot"), size);
    expect(reached.map(([name]) => name)).toEqual(["network"]);
    connection.serverSays(goAnswer(), size);
    expect(reached.at(-1)).toEqual(["root-attached", "kisroot, 100.0 MB, read-only"]);
    expect(watch.done).toBe(true);
  });

  it.each([1460, 1])("show a root that was asked for in the old way, in segments of %i bytes", (size) => {
    const { watch, reached, problems } = setUp();
    const connection = new Connection(watch);
    connection.serverSays(serializeGreeting(), size);
    connection.guestSays(clientFlags, size);
    connection.guestSays(goOption("kisroot"), size);
    connection.serverSays(
      serializeOptionReply(Option.go, OptionReply.errUnsupported, new Uint8Array(0)),
      size,
    );
    connection.guestSays(serializeOption(Option.exportName, encodeUtf8("kisroot")), size);
    const target = {
      name: "kisroot",
      sizeBytes: 46_200_000,
      readOnly: true,
      description: "",
      read: async () => exportInfo,
    };
    connection.serverSays(exportNameReply(target, true), size);
    expect(reached.at(-1)).toEqual(["root-attached", "kisroot, 46.2 MB, read-only"]);
    expect(problems).toEqual([]);
  });

  it("say which exports there are, where the one asked for is not", () => {
    const { watch, reached, problems } = setUp();
    const connection = new Connection(watch);
    connection.serverSays(serializeGreeting());
    connection.guestSays(clientFlags);
    connection.guestSays(goOption("wrongname"));
    const words = encodeUtf8('no export "wrongname" here; there is: kisroot');
    connection.serverSays(serializeOptionReply(Option.go, OptionReply.errUnknown, words));
    expect(problems).toMatchObject([{ code: "export-unknown", milestone: "root-attached" }]);
    expect(problems[0]!.message).toContain("“wrongname”");
    expect(problems[0]!.message).toContain("there is: kisroot");
    expect(reached.map(([name]) => name)).toEqual(["network"]);
  });

  it("say that the server refuses the connection", () => {
    const { watch, problems } = setUp();
    new Connection(watch).serverResets();
    expect(problems).toMatchObject([{ code: "root-server-refused" }]);
  });

  it("take a later attempt for what it is", () => {
    const { watch, reached } = setUp();
    new Connection(watch).serverResets();
    const connection = new Connection(watch);
    connection.serverSays(serializeGreeting());
    connection.guestSays(clientFlags);
    connection.guestSays(goOption("kisroot"));
    connection.serverSays(goAnswer());
    expect(reached.at(-1)![0]).toBe("root-attached");
  });

  it("do no harm, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120 })),
        fc.uint8Array({ maxLength: 60 }),
        (frames, noise) => {
          const { watch, reached } = setUp();
          for (const frame of frames) {
            watch.fromGuest(frame, 0);
            watch.toGuest(frame);
          }
          const connection = new Connection(watch);
          connection.serverSays(noise);
          connection.guestSays(noise);
          expect(reached.map(([name]) => name)).not.toContain("root-attached");
        },
      ),
    );
  });
});
