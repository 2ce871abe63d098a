import type { Clock, RandomBytes, Timed } from "../clock.ts";
import type { DhcpLease, LeasePoolState } from "../dhcp/lease-pool.ts";
import type { DhcpMessage } from "../dhcp/message.ts";
import { type DhcpBoot, DhcpServer } from "../dhcp/server.ts";
import { dnsNames } from "../dns/server.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import { unreachable } from "../icmp/icmp.ts";
import { IcmpService } from "../icmp/service.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { type Ipv4Arrival, Ipv4Interface } from "../ipv4/interface.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import { ipProtocol } from "../ipv4/packet.ts";
import type { FrameSink } from "../segment/frame.ts";
import type { TftpOpen } from "../tftp/file.ts";
import { TftpServer } from "../tftp/server.ts";
import { UdpServices } from "../udp/services.ts";
import type { BootServerCounters } from "./counters.ts";
import { leasedRange } from "./range.ts";
import { serveDhcp } from "./serve-dhcp.ts";
import { serveDns } from "./serve-dns.ts";
import { RouterDiscovery } from "./serve-router-discovery.ts";

/** A transport protocol that is plugged in: the gateway's TCP. */
export interface TransportProtocol extends Timed {
  /** Takes the payload of a packet for our address. It is immutable: it may be kept. */
  receive(source: Ipv4Address, payload: Uint8Array): void;
  /** Answers a packet that was for `output.address`, which is not ours, as somebody who serves nothing. */
  refuse?(output: Ipv4Output, source: Ipv4Address, payload: Uint8Array): void;
  /** Resets the connections of a station that is gone. */
  leave?(address: Ipv4Address): void;
  close?(): void;
}

export interface BootServerDhcp {
  /** First and last address to lease; from the network's hundredth on when not given. */
  readonly firstAddress?: Ipv4Address;
  readonly lastAddress?: Ipv4Address;
  readonly leaseSeconds?: number;
  /** Whether clients are told the MTU; they are unless told otherwise. One that cannot do as much refuses it. */
  readonly tellsMtu?: boolean;
  /** Whether questions are answered; they are unless told otherwise, where another server on the segment answers them. */
  readonly answers?: boolean;
  readonly domainName?: string;
  /** Whether a relay agent on the segment may ask on behalf of others; it may not unless told otherwise. */
  readonly answersRelayAgents?: boolean;
  /** The name for the client at an address; `client-100` for 10.86.0.100 when not given. */
  readonly hostName?: (address: Ipv4Address) => string;
  /** What to boot, as a function of the request. */
  readonly boot?: (request: DhcpMessage) => DhcpBoot | undefined;
  /** `save` returns other leases than before. Called in the middle of an answer: only note it. */
  readonly leasesChanged?: () => void;
  /** See `DhcpServerConfig`, as for the next. */
  readonly mayLease?: (address: Ipv4Address, mac: MacAddress) => boolean;
  readonly leased?: (address: Ipv4Address, mac: MacAddress) => void;
}

export interface BootServerTftp {
  readonly open: TftpOpen;
  /** How many files one client may be sent at a time. */
  readonly transfersPerClient?: number;
}

export interface BootServerOptions {
  readonly mac: MacAddress;
  /** Our address; with `prefixLength` it is the segment's network as well. */
  readonly address: Ipv4Address;
  /** 8 to 30. */
  readonly prefixLength: number;
  /** Largest IPv4 packet on the segment in bytes, 576 to 65,535; clients are told, see `BootServerDhcp.tellsMtu`. */
  readonly mtu: number;
  /** Where every station takes large segments of TCP: see `Ipv4Output.largePacketBytes`. */
  readonly largePacketBytes?: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Takes our frames to the segment. */
  readonly transmit: FrameSink;
  readonly dhcp?: BootServerDhcp;
  /** Names that resolve, with their addresses; `boot`, `netroot` and the same within `domainName` are ours anyway. */
  readonly dns?: Readonly<Record<string, Ipv4Address>>;
  /** The files that are served by TFTP. */
  readonly tftp?: BootServerTftp;
  /** Called when the deadline may have changed although no frame came and no time: a file was opened or read. */
  readonly changed?: () => void;
  /** Makes what answers TCP. */
  readonly tcp?: (output: Ipv4Output) => TransportProtocol;
  /** What `save` returned. */
  readonly state?: BootServerState;
}

/** What has to survive for clients not to notice a new boot server in the old one's place. Plain data. */
export interface BootServerState {
  readonly leases: LeasePoolState;
}

/**
 * The station that a diskless client finds on its segment: ARP, ICMP echo, DHCP, DNS and TFTP by itself, TCP and further UDP
 * services plugged in. Frame in, frame out; it sets no timers and opens nothing.
 */
export class BootServer implements Timed {
  /** The UDP ports. A service that is added here and has something to do later goes through `drive` as well. */
  readonly udp: UdpServices;
  readonly counters: BootServerCounters;
  readonly #interface: Ipv4Interface;
  readonly #icmp: IcmpService;
  readonly #routerDiscovery: RouterDiscovery;
  readonly #dhcp: DhcpServer;
  readonly #tcp: TransportProtocol | undefined;
  readonly #tftp: TftpServer | undefined;
  readonly #machines: Set<Timed>;
  #closed = false;

  /** Throws a RangeError for an address, a prefix or an MTU that cannot work: the configuration has checked them. */
  constructor(options: BootServerOptions) {
    if (!(options.prefixLength >= 8 && options.prefixLength <= 30)) {
      throw new RangeError(`A prefix of ${options.prefixLength} bits leaves no room for clients: 8 to 30.`);
    }
    if (!(options.mtu >= 576 && options.mtu <= 65_535)) {
      throw new RangeError(`An MTU of ${options.mtu} bytes is none for IPv4 over Ethernet: 576 to 65535.`);
    }
    const { address, prefixLength, mtu, clock, dhcp } = options;
    this.#interface = new Ipv4Interface({
      ...options,
      receive: (arrival) => this.#receive(arrival),
      unroutable: (arrival) => this.#refuse(arrival),
    });
    this.#icmp = new IcmpService(this.#interface, clock);
    this.#routerDiscovery = new RouterDiscovery(options.mac, options.transmit);
    this.udp = new UdpServices(this.#interface);
    const domainName = dhcp?.domainName;
    this.#dhcp = new DhcpServer(
      {
        hostName: (client) => `client-${client & 255}`,
        ...leasedRange(address, prefixLength),
        ...dhcp,
        serverAddress: address,
        network: { address, prefixLength },
        routers: [address],
        domainNameServers: [address],
        ...(dhcp?.tellsMtu !== false && { mtu }),
      },
      clock,
      options.state?.leases,
    );
    if (dhcp?.answers !== false) serveDhcp(this.#dhcp, this.udp, this.#interface);
    const ownNames = ["boot", "netroot"].flatMap((name) => [
      name,
      ...(domainName ? [`${name}.${domainName}`] : []),
    ]);
    const names = dnsNames({
      ...Object.fromEntries(ownNames.map((name) => [name, address])),
      ...options.dns,
    });
    this.#tcp = options.tcp?.(this.#interface);
    const { tftp, random, changed } = options;
    if (tftp !== undefined) {
      this.#tftp = new TftpServer({ udp: this.udp, clock, random, ...(changed && { changed }), ...tftp });
    }
    this.#machines = new Set(
      [this.#interface, this.#tcp, this.#tftp].filter((machine) => machine !== undefined),
    );
    this.counters = {
      interface: this.#interface.counters,
      neighbours: this.#interface.neighbourCounters,
      icmp: this.#icmp.counters,
      routerDiscovery: this.#routerDiscovery.counters,
      udp: this.udp.counters,
      dhcp: this.#dhcp.counters,
      dns: serveDns(names, this.udp),
      ...(this.#tftp && { tftp: this.#tftp.counters }),
    };
  }

  /** Takes a frame from the segment. */
  receive(frame: Uint8Array): void {
    if (this.#closed || this.#routerDiscovery.receive(frame)) return;
    this.#interface.receive(frame);
  }

  /** See `Ipv4Interface.giveBack`. */
  giveBack(frames: readonly Uint8Array[]): void {
    this.#interface.giveBack(frames);
  }

  /** Lets a service's own deadlines be part of ours; the function returned stops that. */
  drive(machine: Timed): () => void {
    this.#machines.add(machine);
    return () => {
      this.#machines.delete(machine);
    };
  }

  deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    if (this.#closed) return earliest;
    for (const machine of this.#machines) earliest = Math.min(earliest, machine.deadline());
    return earliest;
  }

  advance(nowMs: number): void {
    if (this.#closed) return;
    for (const machine of this.#machines) {
      if (machine.deadline() <= nowMs) machine.advance(nowMs);
    }
  }

  /** Every DHCP lease that is remembered, live or not. */
  leases(): readonly DhcpLease[] {
    return this.#dhcp.leases();
  }

  /** A station is gone: its connections are reset; its lease is over, and remembered. */
  leave(station: { readonly mac: MacAddress | undefined; readonly address: Ipv4Address | undefined }): void {
    if (station.address !== undefined) this.#tcp?.leave?.(station.address);
    if (station.mac !== undefined) this.#dhcp.leave(station.mac);
  }

  save(): BootServerState {
    return { leases: this.#dhcp.save() };
  }

  /** Takes and sends nothing from now on. */
  close(): void {
    if (this.#closed) return;
    this.#tcp?.close?.();
    this.#tftp?.close();
    this.#closed = true;
  }

  /**
   * What is for an address that is not ours goes nowhere, and the sender hears it: by a RST in that address's name, so that
   * its program gives up at once, else by ICMP.
   */
  #refuse(arrival: Ipv4Arrival): void {
    const { packet, mac } = arrival;
    if (packet.protocol === ipProtocol.tcp && this.#tcp?.refuse !== undefined) {
      this.#tcp.refuse(this.#interface.outputAs(packet.destination, mac), packet.source, packet.payload);
    } else this.#icmp.unreachable(arrival, unreachable.network);
  }

  #receive(arrival: Ipv4Arrival): void {
    const { packet, broadcast } = arrival;
    switch (packet.protocol) {
      case ipProtocol.tcp:
        // RFC 9293 section 3.10.7.4 (MUST-57): a segment to everyone is dropped.
        if (this.#tcp === undefined) this.#icmp.unreachable(arrival, unreachable.protocol);
        else if (!broadcast) this.#tcp.receive(packet.source, packet.payload);
        break;
      case ipProtocol.udp:
        if (!this.udp.receive(arrival)) this.#icmp.unreachable(arrival, unreachable.port);
        break;
      case ipProtocol.icmp:
        this.#icmp.receive(arrival);
        break;
      default:
        this.#icmp.unreachable(arrival, unreachable.protocol);
    }
  }
}
