import { concatOctets } from "../../net/ethernet/octets.ts";
import { serializeCaptureHeader, serializeCapturePacket } from "../../net/pcapng/write.ts";
import type { Packet } from "./packet-store.ts";

/** The frames as Wireshark and tshark open them. */
export function captureFile(packets: readonly Packet[], startedAtMs: number): Uint8Array<ArrayBuffer> {
  const header = serializeCaptureHeader({
    application: "netroot",
    interfaceName: "guest",
    comment: "The card of a machine in a browser tab. Outbound frames are those that the machine sent.",
  });
  const blocks = packets.map(({ bytes, context: { timeMs, direction } }) =>
    serializeCapturePacket({ epochMs: startedAtMs + timeMs, direction, bytes }),
  );
  return new Uint8Array(concatOctets([header, ...blocks]));
}
