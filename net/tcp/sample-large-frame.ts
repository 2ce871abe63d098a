import { ETHERNET_HEADER_BYTES, etherType, writeEthernetHeader } from "../ethernet/ethernet.ts";
import { IPV4_HEADER_BYTES, ipProtocol, writeIpv4Header } from "../ipv4/packet.ts";
import { ACK, MIN_HEADER, NO_OPTIONS, PSH, writeHeader, writePieceOctets } from "./wire.ts";

/** For tests: a large segment of so many octets, to be cut into pieces of `piece` octets each. */
export function sampleLargeFrame(octets: number, piece: number): Uint8Array {
  const tcp = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
  const frame = new Uint8Array(tcp + MIN_HEADER + octets).fill(0x55, tcp + MIN_HEADER);
  writeEthernetHeader(frame, 0x02_00_00_00_00_07, 0x02_00_00_00_00_01, etherType.ipv4);
  writeIpv4Header(frame, ETHERNET_HEADER_BYTES, {
    source: 0x0a560001,
    destination: 0x0a560064,
    protocol: ipProtocol.tcp,
    payloadLength: MIN_HEADER + octets,
    identification: 1,
  });
  const ports = { sourcePort: 10_809, destinationPort: 40_000 };
  const place = { sequence: 1, acknowledgment: 1, window: 1000 };
  writeHeader(frame, tcp, { ...ports, ...place, flags: ACK | PSH, options: NO_OPTIONS });
  writePieceOctets(frame, tcp, piece);
  return frame;
}
