import { parseAtaMessage } from "../../aoe/ata-message.ts";
import { aoeCommand, parseAoe } from "../../aoe/message.ts";
import { etherType, parseEthernet } from "../../ethernet/ethernet.ts";
import { type Ipv4Packet, ipProtocol, isFragment, parseIpv4Packet } from "../../ipv4/packet.ts";
import { ACK, parseSegment, SYN, type TcpSegment } from "../../tcp/wire.ts";
import { TFTP_PORT } from "../../tftp/message.ts";
import { parseUdp, UDP_HEADER_BYTES } from "../../udp/udp.ts";
import type { AoeContext, FrameContext, TcpContext, UdpContext } from "./context.ts";
import { RecentMap } from "./recent-map.ts";
import { TcpFlow } from "./tcp-flow.ts";

/** A frame as it was captured. */
export interface CapturedFrame {
  /** Without FCS. Kept where it is a part of a stream that has a gap: it must not be written to. */
  readonly bytes: Uint8Array;
  /** Since power-on. */
  readonly timeMs: number;
  /** To the guest, or from it. */
  readonly direction: "in" | "out";
}

const MAX_FLOWS = 512;
const MAX_AOE_REQUESTS = 4096;

interface UdpConversation {
  readonly stream: number;
}

/**
 * Follows what goes on between hosts, frame by frame: it says of each frame what can only be told from those before it. What
 * it remembers is bounded (policy: drop-oldest).
 */
export class Conversations {
  readonly #flows = new RecentMap<string, TcpFlow>(MAX_FLOWS);
  readonly #datagrams = new RecentMap<string, UdpConversation>(MAX_FLOWS);
  /** Address and port of a client that asked for a file. */
  readonly #transfers = new RecentMap<string, true>(MAX_FLOWS);
  readonly #aoe = new RecentMap<string, AoeContext>(MAX_AOE_REQUESTS);
  #frames = 0;
  #tcpStreams = 0;
  #udpStreams = 0;

  /** Frames in the order of capture. Never throws. */
  observe(frame: CapturedFrame): FrameContext {
    this.#frames += 1;
    const { timeMs, direction, bytes } = frame;
    const context = { number: this.#frames, timeMs, direction };
    const ethernet = parseEthernet(bytes);
    if (ethernet.kind !== "ethernet") return context;
    if (ethernet.type === etherType.aoe) {
      const aoe = this.#observeAoe(ethernet.payload, context);
      return aoe === undefined ? context : { ...context, aoe };
    }
    if (ethernet.type !== etherType.ipv4) return context;
    const packet = parseIpv4Packet(ethernet.payload);
    if (packet.kind !== "ipv4" || isFragment(packet)) return context;
    if (packet.protocol === ipProtocol.udp) {
      const udp = this.#observeUdp(packet);
      return udp === undefined ? context : { ...context, udp };
    }
    if (packet.protocol !== ipProtocol.tcp) return context;
    const tcp = this.#observeTcp(packet, frame, this.#frames);
    return tcp === undefined ? context : { ...context, tcp };
  }

  #observeTcp(packet: Ipv4Packet, frame: CapturedFrame, number: number): TcpContext | undefined {
    const segment = parseSegment(packet.payload, packet.source, packet.destination);
    if (segment.kind !== "tcp") return undefined;
    const { sourcePort, destinationPort } = segment;
    const there = `${packet.source}:${sourcePort}>${packet.destination}:${destinationPort}`;
    const back = `${packet.destination}:${destinationPort}>${packet.source}:${sourcePort}`;
    const forward = this.#flows.get(there);
    const backward = forward === undefined ? this.#flows.get(back) : undefined;
    const payloadOffset =
      packet.payload.byteOffset + packet.payload.length - segment.payload.length - frame.bytes.byteOffset;
    const of = { number, timeMs: frame.timeMs, payloadOffset };
    if (backward !== undefined && !opens(segment)) return backward.observe("server", segment, of);
    if (forward !== undefined && !forward.beginsAnew(segment)) return forward.observe("client", segment, of);
    const fromServer =
      forward === undefined && !opens(segment) && (segment.flags & SYN) === 0
        ? sourcePort < destinationPort
        : (segment.flags & (SYN | ACK)) === (SYN | ACK);
    const serverPort = fromServer ? sourcePort : destinationPort;
    const flow = new TcpFlow(this.#tcpStreams++, serverPort, opens(segment));
    this.#flows.delete(back);
    this.#flows.set(fromServer ? back : there, flow);
    return flow.observe(fromServer ? "server" : "client", segment, of);
  }

  #observeUdp(packet: Ipv4Packet): UdpContext | undefined {
    if (packet.payload.length < UDP_HEADER_BYTES) return undefined;
    const datagram = parseUdp(packet.payload, packet.source, packet.destination);
    if (datagram.kind !== "udp") return undefined;
    const from = `${packet.source}:${datagram.sourcePort}`;
    const to = `${packet.destination}:${datagram.destinationPort}`;
    const key = from < to ? `${from}>${to}` : `${to}>${from}`;
    let conversation = this.#datagrams.get(key);
    if (conversation === undefined) {
      conversation = { stream: this.#udpStreams++ };
      this.#datagrams.set(key, conversation);
    }
    if (datagram.destinationPort === TFTP_PORT) this.#transfers.set(from, true);
    const tftp = this.#transfers.get(from) === true || this.#transfers.get(to) === true;
    return { stream: conversation.stream, tftp };
  }

  /** A tag is its initiator's own, and an answer has the addresses turned around. */
  #observeAoe(payload: Uint8Array, context: FrameContext): AoeContext | undefined {
    const message = parseAoe(payload);
    if (message.kind !== "aoe" || message.command !== aoeCommand.ata) return undefined;
    const ata = parseAtaMessage(message.argument);
    if (ata.kind !== "ata") return undefined;
    const key = `${message.shelf}.${message.slot}:${message.tag}`;
    if (message.response) return this.#aoe.get(key);
    this.#aoe.set(key, {
      ataCommand: ata.commandStatus,
      lba: ata.lba,
      sectors: ata.sectors,
      requestNumber: context.number,
      requestTimeMs: context.timeMs,
    });
    return undefined;
  }
}

function opens(segment: TcpSegment): boolean {
  return (segment.flags & (SYN | ACK)) === SYN;
}
