import { randomBytes } from "node:crypto";
import { BootServer, type BootServerOptions } from "../../net/boot-server/boot-server.ts";
import type { BootServerCounters } from "../../net/boot-server/counters.ts";
import type { Clock, RandomBytes } from "../../net/clock.ts";
import { type PxeConfig, pxeBoot } from "../../net/dhcp/pxe.ts";
import { ETHERNET_HEADER_BYTES } from "../../net/ethernet/ethernet.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import { type DeclaredService, Gateway } from "../../net/gateway/gateway.ts";
import { snoopLease } from "../../net/segment/dhcp-snooping.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import { Occupants } from "../../net/segment/occupants.ts";
import { type GuardReason, PortGuard } from "../../net/segment/port-guard.ts";
import { type Port, Segment } from "../../net/segment/segment.ts";
import type { StreamPeer } from "../../net/stream/stream.ts";
import { wakeOnUse } from "../../net/stream/wake-on-use.ts";
import { createCounters, type TcpCounters } from "../../net/tcp/counters.ts";
import { MAX_LARGE_FRAME_BYTES } from "../../net/wire/batch.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import { addCounts, asCounts, type CountTree } from "../metrics/count-tree.ts";
import type { UplinkPort } from "../uplink/uplink.ts";
import { AOE_MAC, type AoeTargets, type AoeTargetsOptions, plugInTargets } from "./aoe-targets.ts";
import { type ClientPort, plugInClient } from "./client-port.ts";
import type { LeaseStore } from "./lease-store.ts";
import { type ClientLimits, DEFAULT_CLIENT_LIMITS, tcpSettings } from "./limits.ts";

/** The boot server's station on every segment. Locally administered; the same everywhere, so that a capture reads well. */
export const BOOT_SERVER_MAC: MacAddress = 0x02_6e_72_00_00_01;

/**
 * A root over the network dies with its address, and nobody renews it: the initrd's DHCP client is gone after switch-root.
 * So a lease outlives any session.
 */
export const LEASE_SECONDS = 30 * 24 * 3600;

const ETHERNET_MTU = 1500;
/** Below this, the bytes that a client may have at once (a second's worth) are too few for large segments. */
const LARGE_SEGMENTS_FROM_BYTES_PER_SECOND = 10_000_000;

export interface BootNetworkOptions
  extends Pick<BootServerOptions, "address" | "prefixLength" | "mtu" | "tftp"> {
  /** What clients may reach by TCP at `address`; everything else is refused. */
  readonly services: readonly DeclaredService[];
  /** What clients boot over this network; they are told nothing about it when not given. */
  readonly pxe?: PxeConfig;
  /** The exports that are AoE targets as well. */
  readonly aoe?: AoeTargetsOptions;
  /** Whether the DHCP server that answers clients stands on the uplink, and not here. */
  readonly dhcpOnUplink?: boolean;
  /** Keeps the leases when the network ends. Only where the next network is for the same clients. */
  readonly leaseStore?: LeaseStore;
  /** What each client may take. */
  readonly limits?: ClientLimits;
  /** Whether every client takes large segments of TCP. */
  readonly largeSegments?: boolean;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

export interface ClientPortOptions {
  /** The client's MAC address; the first that it uses unless given. */
  readonly mac?: MacAddress;
  /** Told of each frame of the client that was dropped, with the reason. Called at any rate. */
  readonly dropped?: (reason: GuardReason, frame: Uint8Array) => void;
}

/** A segment with its boot server and gateway, kept going by one timer. Clients are ports of it, and each can only be itself. */
export class BootNetwork {
  readonly #options: BootNetworkOptions;
  readonly #clock: Clock;
  readonly #segment: Segment;
  readonly #occupants = new Occupants();
  readonly #server: BootServer;
  readonly #serverPort: Port;
  readonly #targets: AoeTargets | undefined;
  readonly #drive: Drive;
  /** Of clients that are gone. */
  #dropsPast: CountTree = {};
  readonly #ports = new Set<ClientPort>();
  #gateway: Gateway | undefined;
  #clients = 0;
  #uplinks = 0;

  constructor(options: BootNetworkOptions) {
    this.#options = options;
    const {
      clock = monotonicClock,
      random = nodeRandom,
      leaseStore,
      pxe,
      limits = DEFAULT_CLIENT_LIMITS,
    } = options;
    this.#clock = clock;
    // Handlers also use their streams when no frame came in: the answer of an export, for example.
    const wake = () => this.#drive.wake();
    const services = options.services.map(({ port, service }): DeclaredService => {
      return { port, service: (stream, peer) => service(wakeOnUse(stream, wake), this.#named(peer)) };
    });
    this.#segment = new Segment({ clock });
    this.#serverPort = this.#segment.attach((frame) => {
      this.#server.receive(frame);
      this.#drive.wake();
    });
    const kept = leaseStore?.restore();
    this.#server = new BootServer({
      ...options,
      mac: BOOT_SERVER_MAC,
      clock,
      random,
      // A card that can do more knows how much, and its driver as well. One that cannot is left at Ethernet's own.
      dhcp: {
        answers: options.dhcpOnUplink !== true,
        leaseSeconds: LEASE_SECONDS,
        tellsMtu: options.mtu <= ETHERNET_MTU,
        ...(pxe !== undefined && { boot: pxeBoot(pxe, options.address) }),
        mayLease: (address, mac) => this.#occupants.mayHave(mac, address),
        leased: (address, mac) => this.#occupants.assign(mac, address),
        leasesChanged: () => leaseStore?.keep(() => this.#server.save().leases),
      },
      ...(options.largeSegments === true &&
        limits.bytesPerSecond >= LARGE_SEGMENTS_FROM_BYTES_PER_SECOND && {
          largePacketBytes: MAX_LARGE_FRAME_BYTES - ETHERNET_HEADER_BYTES,
        }),
      ...(kept !== undefined && { state: { leases: kept } }),
      transmit: (frame) => this.#serverPort.send(frame),
      changed: wake,
      tcp: (output) => {
        const settings = tcpSettings(limits);
        this.#gateway = new Gateway({ output, clock, random, services, settings });
        return this.#gateway;
      },
    });
    this.#drive = drive(this.#server, clock);
    const { aoe, mtu } = options;
    if (aoe !== undefined && aoe.targets.length > 0) this.#targets = plugInTargets(this.#segment, mtu, aoe);
  }

  get counters(): BootServerCounters {
    return this.#server.counters;
  }

  #named(peer: StreamPeer): StreamPeer {
    const mac = this.#occupants.macOf(peer.address);
    return { ...peer, ...(mac !== undefined && { mac }) };
  }

  /** Of all connections. */
  get tcp(): Readonly<TcpCounters> {
    return this.#gateway?.counters ?? createCounters();
  }

  /** What all clients that are and were sent and should not have, or were not sent because it was too much: see `ClientDrops`. */
  guarded(): CountTree {
    let sum = this.#dropsPast;
    for (const port of this.#ports) sum = addCounts(sum, asCounts(port.drops()));
    return sum;
  }

  /** How many clients are plugged in. */
  get clients(): number {
    return this.#clients;
  }

  /** Plugs a client in; `deliver` takes frames to it. */
  attach(deliver: FrameSink, { mac, dropped }: ClientPortOptions = {}): ClientPort {
    const { address, prefixLength, dhcpOnUplink = false, limits = DEFAULT_CLIENT_LIMITS } = this.#options;
    const occupant = this.#occupants.join();
    if (mac !== undefined) occupant.takeMac(mac);
    const guard = new PortGuard({
      occupant,
      address,
      prefixLength,
      serverMacs: [BOOT_SERVER_MAC, AOE_MAC],
      aoe: this.#targets !== undefined || this.#uplinks > 0,
      dhcpOnSegment: dhcpOnUplink,
      ...(dropped !== undefined && { dropped }),
    });
    const port: ClientPort = plugInClient({
      segment: this.#segment,
      serverPort: this.#serverPort,
      guard,
      limits,
      clock: this.#clock,
      deliver,
      sent: (frames) => this.#server.giveBack(frames),
      resumed: () => {
        if (occupant.address === undefined) return;
        this.#gateway?.pathRestored(occupant.address);
        this.#drive.wake();
      },
      leaving: () => {
        this.#clients--;
        this.#ports.delete(port);
        this.#dropsPast = addCounts(this.#dropsPast, asCounts(port.drops()));
        this.#server.leave(occupant);
        occupant.leave();
      },
    });
    this.#ports.add(port);
    this.#clients++;
    this.#targets?.announce();
    return port;
  }

  /**
   * Plugs in what is no client: a wire to other networks. Nothing that comes from there is judged; what a DHCP server there
   * leases to a client, that client has.
   */
  attachUplink(deliver: FrameSink): UplinkPort {
    const port = this.#segment.attach(deliver);
    const send = (frame: Uint8Array) => {
      const lease = this.#options.dhcpOnUplink === true ? snoopLease(frame) : undefined;
      if (lease !== undefined) this.#occupants.assign(lease.mac, lease.address);
      port.send(frame);
    };
    this.#uplinks++;
    this.#targets?.announce();
    let attached = true;
    return {
      send,
      detach: () => {
        if (attached) this.#uplinks--;
        attached = false;
        port.detach();
      },
    };
  }

  /** Whether nobody is plugged in. */
  get isDeserted(): boolean {
    return this.#clients + this.#uplinks === 0;
  }

  /** Resets every connection and stops. */
  close(): void {
    this.#server.close();
    this.#targets?.close();
    this.#serverPort.detach();
    this.#drive.close();
  }
}

const nodeRandom: RandomBytes = (length) => new Uint8Array(randomBytes(length));
