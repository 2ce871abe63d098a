import type { ByteStream } from "../stream/stream.ts";
import type { TcpEndpoint } from "./endpoint.ts";
import type { TcpSettings } from "./settings.ts";
import { LEFT, Recorder, RIGHT, SimulatedLink, seededBytes } from "./simulated-link.ts";
import {
  ACK,
  FIN,
  NO_OPTIONS,
  parseSegment,
  RST,
  SYN,
  serializeSegment,
  type TcpOptions,
  type TcpSegment,
} from "./wire.ts";

// For tests: a peer that sends what the test says, segment by segment, and keeps what it gets.

export const PORT = 10809;
export const PEER_PORT = 40_000;
/** Our initial sequence number as the scripts have it: numbers in them count from 0. */
export const ISS = 0x10000000;
export const PEER_ISS = 0xfffffff0;

/** A segment in the terms of a script: sequence numbers count from the SYN, ours and the peer's. */
export interface Line {
  readonly flags?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly payload?: Uint8Array;
  readonly options?: Partial<TcpOptions>;
  readonly port?: number;
}

export class ScriptedPeer {
  readonly link = new SimulatedLink();
  readonly endpoint: TcpEndpoint;
  readonly recorder = new Recorder();
  stream: ByteStream | undefined;
  #received: TcpSegment[] = [];

  constructor(settings: Partial<TcpSettings> = {}) {
    const random = seededBytes(1);
    // The first word is the initial sequence number, the second the offset of the timestamps.
    this.endpoint = this.link.endpoint(LEFT, settings, (length) =>
      length === 8 ? Uint8Array.of(ISS >>> 24, 0, 0, 0, 0, 0, 0, 0) : random(length),
    );
    this.link.attach(RIGHT, (_, bytes) => {
      const segment = parseSegment(bytes, LEFT, RIGHT);
      if (segment.kind === "tcp") this.#received.push(segment);
    });
    this.endpoint.listen(PORT, (stream) => {
      this.stream = stream;
      return this.recorder;
    });
  }

  send({
    flags = ACK,
    seq = 1,
    ack = 1,
    window = 65535,
    payload = new Uint8Array(0),
    options,
    port,
  }: Line): void {
    const segment = {
      sourcePort: port ?? PEER_PORT,
      destinationPort: PORT,
      sequence: (PEER_ISS + seq) >>> 0,
      acknowledgment: flags & ACK ? (ISS + ack) >>> 0 : 0,
      flags,
      window,
      options: { ...NO_OPTIONS, ...options },
      payload,
    };
    this.link.inject(RIGHT, LEFT, serializeSegment(segment, RIGHT, LEFT));
    this.link.run(2);
  }

  /** Opens the connection: with nothing but an MSS of 1000 unless `options` say more. */
  open(options: Partial<TcpOptions> = {}, window = 65535): ByteStream {
    this.send({ flags: SYN, seq: 0, window, options: { maximumSegmentSize: 1000, ...options } });
    const echo = this.takeSegments()[0]?.options.timestamps?.value;
    const timestamps =
      options.timestamps && echo !== undefined ? { value: options.timestamps.value, echo } : undefined;
    this.send({ window, options: { timestamps } });
    this.take();
    if (this.stream === undefined) throw new Error("The handshake was not taken.");
    return this.stream;
  }

  /** What has come since the last call, as the script would write it. */
  take(): string[] {
    const received = this.#received;
    this.#received = [];
    return received.map(describe);
  }

  /** The same, whole. */
  takeSegments(): TcpSegment[] {
    const received = this.#received;
    this.#received = [];
    return received;
  }

  pass(ms: number): void {
    this.link.run(ms);
  }
}

/** `ACK 1+1000 ack 5`: flags, sequence number, payload, acknowledgment, SACK blocks. */
function describe(segment: TcpSegment): string {
  const { flags, sequence, acknowledgment, payload, options } = segment;
  const names = [
    [SYN, "SYN"],
    [FIN, "FIN"],
    [RST, "RST"],
    [ACK, "ACK"],
  ] as const;
  const words = names.filter(([flag]) => flags & flag).map(([, name]) => name);
  const length = payload.length > 0 ? `+${payload.length}` : "";
  const relative = (sequence - ISS) >>> 0;
  const ack = flags & ACK ? ` ack ${(acknowledgment - PEER_ISS) >>> 0}` : "";
  const sack = options.sackBlocks
    .map(({ start, end }) => ` sack ${(start - PEER_ISS) >>> 0}-${(end - PEER_ISS) >>> 0}`)
    .join("");
  return `${words.join(" ")} ${relative}${length}${ack}${sack}`;
}
