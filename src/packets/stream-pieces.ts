import type { Dissection } from "../../net/dissect/field.ts";
import { printable } from "./hex-lines.ts";
import type { Packet, PacketStore } from "./packet-store.ts";

/** What one side of a conversation said until the other had a word. */
export interface StreamPiece {
  readonly direction: "in" | "out";
  readonly text: string;
}

export interface Stream {
  /** A filter for the frames of the conversation. */
  readonly filter: string;
  readonly pieces: readonly StreamPiece[];
  readonly bytes: number;
  /** Whether it is longer than what is shown. */
  readonly cut: boolean;
}

/** More than anybody reads. */
const MOST_CHARACTERS = 200_000;

/** The filter for the conversation that a frame belongs to; `undefined` where it belongs to none. */
export function streamFilter({ context }: Packet): string | undefined {
  if (context.tcp !== undefined) return `tcp.stream == ${context.tcp.stream}`;
  return context.udp === undefined ? undefined : `udp.stream == ${context.udp.stream}`;
}

/** The payloads of a conversation in the order in which they went over the wire; what was sent again is left out. */
export function streamOf(store: PacketStore, one: Packet): Stream | undefined {
  const filter = streamFilter(one);
  if (filter === undefined) return undefined;
  const pieces: { direction: "in" | "out"; text: string }[] = [];
  let bytes = 0;
  let characters = 0;
  for (const packet of store.packets) {
    if (streamFilter(packet) !== filter || packet.context.tcp?.notes.includes("retransmission")) continue;
    const payload = payloadOf(packet, store.dissect(packet));
    bytes += payload.length;
    const text = printable(payload.subarray(0, MOST_CHARACTERS - characters));
    if (text === "") continue;
    characters += text.length;
    const last = pieces.at(-1);
    if (last?.direction === packet.context.direction) last.text += text;
    else pieces.push({ direction: packet.context.direction, text });
  }
  return { filter, pieces, bytes, cut: bytes > characters };
}

function payloadOf({ bytes }: Packet, { fields }: Dissection): Uint8Array {
  const tcp = fields.find(({ name }) => name === "tcp.payload");
  if (tcp !== undefined) return bytes.subarray(tcp.start, tcp.end);
  const udp = fields.findIndex(({ name }) => name === "udp");
  const inner = udp < 0 ? [] : fields.slice(udp + 1).filter(({ name }) => name !== "eth.padding");
  if (inner.length === 0) return bytes.subarray(0, 0);
  return bytes.subarray(inner[0]!.start, inner.at(-1)!.end);
}
