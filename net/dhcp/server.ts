// A DHCP server, RFC 2131 section 4.3: the only one on its segment, so it speaks for every address (it refuses what is not its own).
import type { Clock } from "../clock.ts";
import { MAC_BYTES, type MacAddress, readMac } from "../ethernet/mac.ts";
import {
  BROADCAST_ADDRESS,
  broadcastOf,
  type Ipv4Address,
  type Ipv4Network,
  isInNetwork,
  netmask,
} from "../ipv4/address.ts";
import { type DhcpLease, LeasePool, type LeasePoolState } from "./lease-pool.ts";
import { bootpOperation, type DhcpMessage, dhcpPort } from "./message.ts";
import { type DhcpOptions, dhcpMessageType, dhcpOption } from "./options.ts";

const HARDWARE_ETHERNET = 1;
const DEFAULT_LEASE_SECONDS = 24 * 3600;
/** How long an offer is kept for its client. */
const OFFER_MS = 60_000;
/** How long an address that turned out to be in use is not offered. */
const DECLINED_MS = 10 * 60_000;

/** What a client is told about its boot. `options` come on top of the server's own, asked for or not. */
export interface DhcpBoot {
  /** siaddr: where to fetch the boot file from; this server when not given. */
  readonly serverAddress?: Ipv4Address;
  readonly serverName?: string;
  /** At most 127 characters. */
  readonly bootFile?: string;
  readonly options?: DhcpOptions;
}

export interface DhcpServerConfig {
  readonly serverAddress: Ipv4Address;
  readonly network: Ipv4Network;
  readonly firstAddress: Ipv4Address;
  readonly lastAddress: Ipv4Address;
  readonly leaseSeconds?: number;
  readonly routers?: readonly Ipv4Address[];
  readonly domainNameServers?: readonly Ipv4Address[];
  readonly domainName?: string;
  readonly mtu?: number;
  /**
   * Whether a relay agent on our network may ask on behalf of others; by default none is answered. Who may ask on behalf of
   * others can take every address there is.
   */
  readonly answersRelayAgents?: boolean;
  /** The name for the client at an address. */
  readonly hostName?: (address: Ipv4Address) => string;
  /** What to boot, as a function of the request; nothing when it returns `undefined`. */
  readonly boot?: (request: DhcpMessage) => DhcpBoot | undefined;
  /** A client got, renewed, gave back or declined an address: `save` returns something new. An offer is no such change. */
  readonly leasesChanged?: () => void;
  /** Whether a station may have an address. It may not where another one uses it without a lease. */
  readonly mayLease?: (address: Ipv4Address, mac: MacAddress) => boolean;
  /** A station was told that an address is its own. */
  readonly leased?: (address: Ipv4Address, mac: MacAddress) => void;
}

export interface DhcpCounters {
  offers: number;
  acks: number;
  naks: number;
  releases: number;
  declines: number;
  /** No address was left. */
  exhausted: number;
  /** For another server, in the name of another station, through a relay agent that may not, without a message type (plain BOOTP), or not for a server. */
  ignored: number;
  malformed: number;
  /** Options for which an answer had no room: the client takes no larger one. */
  leftOut: number;
  /** Answers that do not fit even so, and were not sent. */
  oversized: number;
}

/** Where an answer goes. */
interface Addressee {
  /** `BROADCAST_ADDRESS` for everyone. */
  readonly address: Ipv4Address;
  /** One of `dhcpPort`: the client's, or the one of a relay agent. */
  readonly port: number;
  /** Where the client does not answer ARP for the address yet. */
  readonly mac: MacAddress | undefined;
}

export interface DhcpReply extends Addressee {
  readonly message: Omit<DhcpMessage, "kind">;
}

const EVERYONE: Addressee = { address: BROADCAST_ADDRESS, port: dhcpPort.client, mac: undefined };

export class DhcpServer {
  readonly counters: DhcpCounters = {
    offers: 0,
    acks: 0,
    naks: 0,
    releases: 0,
    declines: 0,
    exhausted: 0,
    ignored: 0,
    malformed: 0,
    leftOut: 0,
    oversized: 0,
  };
  readonly #config: DhcpServerConfig;
  readonly #pool: LeasePool;

  constructor(config: DhcpServerConfig, clock: Clock, state?: LeasePoolState) {
    this.#config = config;
    this.#pool = new LeasePool({ clock, first: config.firstAddress, last: config.lastAddress }, state);
  }

  /** Every lease that is remembered, live or not. */
  leases(): readonly DhcpLease[] {
    return this.#pool.leases();
  }

  save(): LeasePoolState {
    return this.#pool.save();
  }

  /** Whoever has the MAC address is gone: its lease is remembered, and over. */
  leave(mac: MacAddress): void {
    const lease = this.#pool.find(mac);
    if (lease === undefined) return;
    this.#pool.release(lease);
    this.#config.leasesChanged?.();
  }

  /**
   * Does what a message asks for. `undefined` when there is nothing to say. `sender` put it on the segment; a message in the
   * name of another station, or of hardware that is not Ethernet, is ignored.
   */
  answer(request: DhcpMessage, sender: MacAddress): DhcpReply | undefined {
    if (request.operation !== bootpOperation.request) return this.#ignore();
    const mac = macOf(request);
    const mayAsk = request.relayAddress === 0 ? mac === sender : this.#isAgent(request.relayAddress);
    if (mac === undefined || !mayAsk) return this.#ignore();
    switch (request.options.messageType) {
      case dhcpMessageType.discover:
        return this.#discover(request, mac);
      case dhcpMessageType.request:
        return this.#request(request, mac);
      case dhcpMessageType.inform:
        return this.#inform(request);
      case dhcpMessageType.release:
        return this.#release(request, mac);
      case dhcpMessageType.decline:
        return this.#decline(request, mac);
      default:
        return this.#ignore();
    }
  }

  #discover(request: DhcpMessage, mac: MacAddress): DhcpReply | undefined {
    const mayLease = (address: Ipv4Address) => this.#mayLease(address, mac);
    const address = this.#pool.choose(mac, request.options.requestedAddress, mayLease);
    if (address === undefined) {
      this.counters.exhausted++;
      return undefined;
    }
    this.#pool.grant(mac, address, "offered", OFFER_MS);
    this.counters.offers++;
    return this.#grantReply(request, dhcpMessageType.offer, address);
  }

  /** RFC 2131 section 4.3.2 tells the client's states apart by what it fills in. */
  #request(request: DhcpMessage, mac: MacAddress): DhcpReply | undefined {
    const { serverIdentifier, requestedAddress } = request.options;
    if (serverIdentifier !== undefined && serverIdentifier !== this.#config.serverAddress) {
      // SELECTING, and another server was chosen: our offer is free again.
      const lease = this.#pool.find(mac);
      if (lease?.state === "offered") this.#pool.release(lease);
      return this.#ignore();
    }
    // SELECTING and INIT-REBOOT name the address in option 50, RENEWING and REBINDING in ciaddr. In each case the client
    // gets what it names if that is its own, or, to this server that forgot it, a free one.
    const address = requestedAddress ?? request.clientAddress;
    if (!this.#pool.mayHave(mac, address) || !this.#mayLease(address, mac)) return this.#refuse(request);
    this.#pool.grant(mac, address, "bound", this.#leaseSeconds() * 1000);
    this.#config.leasesChanged?.();
    this.#config.leased?.(address, mac);
    this.counters.acks++;
    return this.#grantReply(request, dhcpMessageType.ack, address);
  }

  /** The client has an address by other means and asks for the rest: nothing about a lease in the answer (section 4.3.5). */
  #inform(request: DhcpMessage): DhcpReply | undefined {
    this.counters.acks++;
    return this.#reply(request, dhcpMessageType.ack, { hostFor: undefined, lease: {}, yourAddress: 0 });
  }

  #release(request: DhcpMessage, mac: MacAddress): undefined {
    const lease = this.#pool.find(mac);
    if (lease === undefined || lease.address !== request.clientAddress) return this.#ignore();
    this.#pool.release(lease);
    this.#config.leasesChanged?.();
    this.counters.releases++;
    return undefined;
  }

  #decline(request: DhcpMessage, mac: MacAddress): undefined {
    const lease = this.#pool.find(mac);
    if (lease === undefined || lease.address !== request.options.requestedAddress) return this.#ignore();
    this.#pool.decline(lease, DECLINED_MS);
    this.#config.leasesChanged?.();
    this.counters.declines++;
    return undefined;
  }

  /** Our addresses are of use behind an agent on our own network only: a program that asks on behalf of many. */
  #isAgent(address: Ipv4Address): boolean {
    const { network, serverAddress, answersRelayAgents = false } = this.#config;
    const isStation =
      isInNetwork(address, network) && address !== serverAddress && address !== broadcastOf(network);
    return answersRelayAgents && isStation;
  }

  #mayLease(address: Ipv4Address, mac: MacAddress): boolean {
    return this.#config.mayLease?.(address, mac) ?? true;
  }

  #ignore(): undefined {
    this.counters.ignored++;
    return undefined;
  }

  /** The client has to start over. Broadcast, because it may have an address that is wrong here (sections 4.1 and 4.3.2). */
  #refuse(request: DhcpMessage): DhcpReply {
    this.counters.naks++;
    const options: DhcpOptions = {
      messageType: dhcpMessageType.nak,
      serverIdentifier: this.#config.serverAddress,
      message: "this address is not for you here",
      ...identifierOf(request),
    };
    const { relayAddress } = request;
    const header = { ...this.#header(request), broadcast: relayAddress !== 0 || request.broadcast };
    return { message: { ...header, options }, ...(relayAddress === 0 ? EVERYONE : agentAt(relayAddress)) };
  }

  #grantReply(request: DhcpMessage, messageType: number, address: Ipv4Address): DhcpReply {
    const seconds = this.#leaseSeconds();
    const lease: DhcpOptions = {
      leaseSeconds: seconds,
      renewalSeconds: Math.floor(seconds / 2),
      rebindingSeconds: Math.floor((seconds * 7) / 8),
    };
    return this.#reply(request, messageType, { hostFor: address, lease, yourAddress: address });
  }

  #reply(
    request: DhcpMessage,
    messageType: number,
    grant: {
      readonly hostFor: Ipv4Address | undefined;
      readonly lease: DhcpOptions;
      readonly yourAddress: Ipv4Address;
    },
  ): DhcpReply {
    const boot = this.#config.boot?.(request);
    const message = {
      ...this.#header(request),
      // Table 3: an offer leaves ciaddr at 0, an ACK copies it.
      clientAddress: messageType === dhcpMessageType.ack ? request.clientAddress : 0,
      yourAddress: grant.yourAddress,
      serverAddress: boot === undefined ? 0 : (boot.serverAddress ?? this.#config.serverAddress),
      serverName: boot?.serverName ?? "",
      bootFile: boot?.bootFile ?? "",
      options: {
        messageType,
        serverIdentifier: this.#config.serverAddress,
        ...grant.lease,
        ...this.#parameters(request, grant.hostFor),
        ...identifierOf(request),
        ...boot?.options,
      },
    };
    return { message, ...addressee(request, message.clientAddress, grant.yourAddress) };
  }

  /** What the client asked to hear about; all of it to a client that does not say. */
  #parameters(request: DhcpMessage, hostFor: Ipv4Address | undefined): DhcpOptions {
    const { network, routers, domainNameServers, domainName, mtu, hostName } = this.#config;
    const known: DhcpOptions = {
      subnetMask: netmask(network.prefixLength),
      broadcastAddress: broadcastOf(network),
      ...(routers !== undefined && routers.length > 0 && { routers }),
      ...(domainNameServers !== undefined && domainNameServers.length > 0 && { domainNameServers }),
      ...(domainName !== undefined && { domainName }),
      ...(mtu !== undefined && { interfaceMtu: mtu }),
      ...(hostName !== undefined && hostFor !== undefined && { hostName: hostName(hostFor) }),
    };
    const asked = request.options.parameterRequestList;
    if (asked === undefined) return known;
    const wanted = Object.entries(known).filter(([name]) =>
      asked.includes(dhcpOption[name as keyof typeof dhcpOption].code),
    );
    return Object.fromEntries(wanted);
  }

  #header(request: DhcpMessage): Omit<DhcpMessage, "kind" | "options"> {
    return {
      operation: bootpOperation.reply,
      hardwareType: request.hardwareType,
      hops: 0,
      transactionId: request.transactionId,
      seconds: 0,
      broadcast: request.broadcast,
      clientAddress: 0,
      yourAddress: 0,
      serverAddress: 0,
      relayAddress: request.relayAddress,
      clientHardware: request.clientHardware,
      serverName: "",
      bootFile: "",
    };
  }

  #leaseSeconds(): number {
    return this.#config.leaseSeconds ?? DEFAULT_LEASE_SECONDS;
  }
}

/** The client's MAC address; `undefined` where it has none. */
function macOf({ hardwareType, clientHardware }: DhcpMessage): MacAddress | undefined {
  if (hardwareType !== HARDWARE_ETHERNET || clientHardware.length !== MAC_BYTES) return undefined;
  return readMac(clientHardware, 0);
}

/** RFC 6842: a client identifier is returned as it came. */
function identifierOf({ options }: DhcpMessage): DhcpOptions {
  return options.clientIdentifier === undefined ? {} : { clientIdentifier: options.clientIdentifier };
}

function agentAt(address: Ipv4Address): Addressee {
  return { address, port: dhcpPort.server, mac: undefined };
}

/** RFC 2131 section 4.1: to the relay agent, else to the address that the client answers to, else as its broadcast flag says. */
function addressee(request: DhcpMessage, clientAddress: Ipv4Address, yourAddress: Ipv4Address): Addressee {
  if (request.relayAddress !== 0) return agentAt(request.relayAddress);
  const address = clientAddress !== 0 ? clientAddress : yourAddress;
  if (address === 0 || (request.broadcast && clientAddress === 0)) return EVERYONE;
  return { address, port: dhcpPort.client, mac: readMac(request.clientHardware, 0) };
}
