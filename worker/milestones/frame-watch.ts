import { parseArp } from "../../net/arp/arp.ts";
import type { Timed } from "../../net/clock.ts";
import { dhcpPort, parseDhcp } from "../../net/dhcp/message.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import { etherType, parseEthernet } from "../../net/ethernet/ethernet.ts";
import { readU16 } from "../../net/ethernet/octets.ts";
import { formatIpv4, type Ipv4Address, UNSPECIFIED_ADDRESS } from "../../net/ipv4/address.ts";
import { type Ipv4Packet, ipProtocol, isFragment, parseIpv4Packet } from "../../net/ipv4/packet.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { parseSegment, RST, SYN, type TcpSegment } from "../../net/tcp/wire.ts";
import { parseUdp } from "../../net/udp/udp.ts";
import { AoeWatch } from "./aoe-watch.ts";
import { BootFileWatch } from "./boot-file-watch.ts";
import { exportRefused, exportUnknown, rootServerRefused } from "./boot-problems.ts";
import { DhcpWatch } from "./dhcp-watch.ts";
import { NbdHandshake } from "./nbd-handshake.ts";
import type { SignHandlers } from "./signs.ts";
import { TcpListener } from "./tcp-listener.ts";

interface NbdFlow {
  readonly guestPort: number;
  readonly handshake: NbdHandshake;
  readonly fromGuest: TcpListener;
  readonly toGuest: TcpListener;
}

/**
 * Reads the progress of a boot off the wire: the lease, the guest's first words under its address, the attached root.
 * When the root is attached it has seen enough, and costs nothing more.
 */
export class FrameWatch implements Timed {
  readonly #signs: SignHandlers;
  /** The machine's firmware has the card, and an address of its own. */
  #firmware: boolean;
  #addressSeen = false;
  #rootSeen = false;
  #nbd: NbdFlow | undefined;
  readonly #aoe: AoeWatch;
  readonly #dhcp: DhcpWatch;
  readonly #bootFiles: BootFileWatch;

  /**
   * @param append the kernel's command line, where it is known
   * @param firmware whether the firmware uses the network before the kernel does
   * @param is32Bit whether the processor cannot run a 64-bit kernel
   */
  constructor(signs: SignHandlers, append: string, firmware = false, is32Bit = false) {
    this.#signs = signs;
    this.#firmware = firmware;
    this.#dhcp = new DhcpWatch(signs.problem);
    this.#bootFiles = new BootFileWatch(signs.problem, is32Bit);
    this.#aoe = new AoeWatch(
      {
        asked: () => {
          if (!this.#addressSeen) signs.reached("network", "AoE needs no address");
          this.#addressSeen = true;
        },
        attached: (detail) => {
          this.#rootSeen = true;
          signs.reached("root-attached", detail);
        },
        problem: signs.problem,
      },
      append,
    );
  }

  /** Whether what passes is the firmware's. */
  get firmware(): boolean {
    return this.#firmware;
  }

  /** The kernel has begun: what passes from now on is its own. */
  kernelRuns(): void {
    this.#firmware = false;
  }

  get done(): boolean {
    return this.#addressSeen && this.#rootSeen;
  }

  /** Immutable; parts of it may be kept. */
  fromGuest(frame: Uint8Array, nowMs: number): void {
    if (this.done) return;
    const ethernet = parseEthernet(frame);
    if (ethernet.kind !== "ethernet") return;
    if (ethernet.type === etherType.arp) {
      const arp = parseArp(ethernet.payload);
      if (arp.kind === "arp") this.#address(arp.senderAddress);
    } else if (ethernet.type === etherType.aoe) {
      this.#aoe.fromGuest(ethernet.payload, nowMs);
    } else if (ethernet.type === etherType.ipv4) {
      const packet = parseIpv4Packet(ethernet.payload);
      if (packet.kind !== "ipv4") return;
      this.#address(packet.source);
      this.#dhcp.fromGuest(packet, nowMs);
      if (this.#firmware) this.#bootFiles.fromGuest(packet);
      const segment = this.#nbdSegment(packet);
      if (segment?.destinationPort === NBD_PORT) this.#nbdFromGuest(segment);
    }
  }

  /** Immutable; parts of it may be kept. */
  toGuest(frame: Uint8Array): void {
    if (this.done) return;
    const ethernet = parseEthernet(frame);
    if (ethernet.kind !== "ethernet") return;
    if (ethernet.type === etherType.aoe) {
      this.#aoe.toGuest(ethernet.payload);
    } else if (ethernet.type === etherType.ipv4) {
      const packet = parseIpv4Packet(ethernet.payload);
      if (packet.kind !== "ipv4") return;
      this.#dhcp.toGuest(packet);
      if (this.#firmware) this.#bootFiles.toGuest(packet);
      if (packet.protocol === ipProtocol.udp) this.#udp(packet);
      const segment = this.#nbdSegment(packet);
      if (segment?.sourcePort === NBD_PORT) this.#nbdToGuest(segment);
    }
  }

  deadline(): number {
    return this.done ? Number.POSITIVE_INFINITY : Math.min(this.#aoe.deadline(), this.#dhcp.deadline());
  }

  advance(nowMs: number): void {
    this.#aoe.advance(nowMs);
    this.#dhcp.advance(nowMs);
  }

  #address(address: Ipv4Address): void {
    if (this.#firmware || this.#addressSeen || address === UNSPECIFIED_ADDRESS) return;
    this.#addressSeen = true;
    this.#signs.reached("network", formatIpv4(address));
  }

  #udp(packet: Ipv4Packet): void {
    if (isFragment(packet)) return;
    const datagram = parseUdp(packet.payload, packet.source, packet.destination);
    if (datagram.kind !== "udp" || datagram.destinationPort !== dhcpPort.client) return;
    const message = parseDhcp(datagram.payload);
    if (message.kind !== "dhcp" || message.options.messageType !== dhcpMessageType.ack) return;
    // An answer to INFORM is an ACK as well, and gives no address.
    if (message.yourAddress === UNSPECIFIED_ADDRESS) return;
    const server = formatIpv4(packet.source);
    this.#signs.reached("dhcp", `${formatIpv4(message.yourAddress)} from ${server}`);
  }

  /** Only what belongs to the port is parsed: a boot has tens of thousands of segments. */
  #nbdSegment(packet: Ipv4Packet): TcpSegment | undefined {
    if (
      this.#rootSeen ||
      packet.protocol !== ipProtocol.tcp ||
      isFragment(packet) ||
      packet.payload.length < 4
    ) {
      return undefined;
    }
    if (readU16(packet.payload, 0) !== NBD_PORT && readU16(packet.payload, 2) !== NBD_PORT) return undefined;
    const parsed = parseSegment(packet.payload, packet.source, packet.destination);
    return parsed.kind === "tcp" ? parsed : undefined;
  }

  #nbdFromGuest(segment: TcpSegment): void {
    if ((segment.flags & SYN) !== 0) this.#nbd = this.#openNbd(segment.sourcePort);
    if (this.#nbd?.guestPort === segment.sourcePort) this.#nbd.fromGuest.segment(segment);
  }

  #nbdToGuest(segment: TcpSegment): void {
    const flow = this.#nbd;
    if (flow?.guestPort !== segment.destinationPort) return;
    if ((segment.flags & RST) !== 0 && !flow.handshake.over) {
      this.#signs.problem(rootServerRefused(NBD_PORT));
      this.#nbd = undefined;
      return;
    }
    flow.toGuest.segment(segment);
  }

  #openNbd(guestPort: number): NbdFlow {
    const handshake = new NbdHandshake({
      attached: ({ name, sizeBytes, readOnly }) => {
        this.#rootSeen = true;
        this.#nbd = undefined;
        const size = sizeBytes === undefined ? [] : [`${(sizeBytes / 1e6).toFixed(1)} MB`];
        const access = readOnly === undefined ? [] : [readOnly ? "read-only" : "writable"];
        this.#signs.reached("root-attached", [name, ...size, ...access].join(", "));
      },
      refused: (name, unknown, serverSays) => {
        this.#signs.problem(unknown ? exportUnknown(name, serverSays) : exportRefused(name, serverSays));
      },
    });
    return {
      guestPort,
      handshake,
      fromGuest: new TcpListener((bytes) => handshake.fromClient(bytes)),
      toGuest: new TcpListener((bytes) => handshake.fromServer(bytes)),
    };
  }
}
