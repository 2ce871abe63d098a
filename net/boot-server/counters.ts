import type { NeighbourCounters } from "../arp/neighbours.ts";
import type { DhcpCounters } from "../dhcp/server.ts";
import type { DnsCounters } from "../dns/server.ts";
import type { IcmpCounters } from "../icmp/service.ts";
import type { Ipv4InterfaceCounters } from "../ipv4/interface.ts";
import type { TftpCounters } from "../tftp/server.ts";
import type { UdpCounters } from "../udp/services.ts";
import type { RouterDiscoveryCounters } from "./serve-router-discovery.ts";

/** Everything that the boot server counts, live. Numbers only ever grow. */
export interface BootServerCounters {
  readonly interface: Readonly<Ipv4InterfaceCounters>;
  readonly neighbours: Readonly<NeighbourCounters>;
  readonly icmp: Readonly<IcmpCounters>;
  readonly routerDiscovery: Readonly<RouterDiscoveryCounters>;
  readonly udp: Readonly<UdpCounters>;
  readonly dhcp: Readonly<DhcpCounters>;
  readonly dns: Readonly<DnsCounters>;
  /** Where files are served by TFTP. */
  readonly tftp?: Readonly<TftpCounters>;
}
