import { DNS_PORT, parseDns, serializeDns } from "../dns/message.ts";
import { answerDns, type DnsCounters, type DnsNames } from "../dns/server.ts";
import type { UdpServices } from "../udp/services.ts";

/** The size that resolvers keep to (RFC 9715 section 3.2); a query has no business above it. */
const LARGEST_QUERY_BYTES = 1232;

/** Puts a name server on its port. */
export function serveDns(names: DnsNames, udp: UdpServices): DnsCounters {
  const counters: DnsCounters = { answered: 0, nameErrors: 0, refused: 0, ignored: 0, malformed: 0 };
  udp.bind(DNS_PORT, (payload, peer) => {
    const query = payload.length > LARGEST_QUERY_BYTES ? undefined : parseDns(payload);
    if (query === undefined || query.kind === "malformed") {
      counters.malformed++;
      return;
    }
    const answer = answerDns(query, names, counters);
    if (answer !== undefined) udp.send(DNS_PORT, peer, serializeDns(answer));
  });
  return counters;
}
