import { etherType, parseEthernet } from "../../net/ethernet/ethernet.ts";
import { ipProtocol, isFragment, parseIpv4Packet } from "../../net/ipv4/packet.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { ACK, parseSegment, SYN } from "../../net/tcp/wire.ts";

/**
 * Whether a frame from the guest is the first that asks for a root: the SYN to an export, or AoE. Until then the guest has no
 * connection to anything that could be gone when it continues from this moment.
 */
export function asksForRoot(frame: Uint8Array): boolean {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind !== "ethernet") return false;
  if (ethernet.type === etherType.aoe) return true;
  if (ethernet.type !== etherType.ipv4) return false;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind !== "ipv4" || packet.protocol !== ipProtocol.tcp || isFragment(packet)) return false;
  const segment = parseSegment(packet.payload, packet.source, packet.destination);
  return (
    segment.kind === "tcp" && segment.destinationPort === NBD_PORT && (segment.flags & (SYN | ACK)) === SYN
  );
}
