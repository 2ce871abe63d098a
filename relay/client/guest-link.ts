import { WebSocket } from "ws";
import type { FrameSink } from "../../net/segment/frame.ts";
import { BATCH_SUBPROTOCOL, LARGE_BATCH_SUBPROTOCOL } from "../../net/wire/batch.ts";
import { FrameLink, octetsOf } from "../wire/frame-link.ts";
import type { LinkCounters } from "../wire/link-counters.ts";

/** The far end of the wire, as a guest's worker has it. For tests and benchmarks. */
export interface GuestLink {
  readonly counters: Readonly<LinkCounters>;
  /** The WebSocket's close status, once it is closed. */
  readonly closed: Promise<number>;
  send: FrameSink;
  /** Any bytes as one message, well-formed or not. */
  sendMessage(bytes: Uint8Array): void;
  /** Stops and resumes reading from the socket: a tab that hangs. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Opens a wire. Rejects when the relay refuses it. */
export async function openGuestLink(
  url: string,
  options: {
    readonly batch: boolean;
    /** Whether it takes large segments, which are cut here. */
    readonly large?: boolean;
    readonly mtu: number;
    readonly receive: FrameSink;
  },
): Promise<GuestLink> {
  const wanted = options.large === true ? LARGE_BATCH_SUBPROTOCOL : BATCH_SUBPROTOCOL;
  const socket = new WebSocket(url, options.batch ? [wanted] : [], { perMessageDeflate: false });
  const link = new FrameLink(socket, NO_CORK, {
    ...options,
    sendsLarge: options.large === true,
    highWaterBytes: Number.POSITIVE_INFINITY,
  });
  socket.on("message", (data: Buffer) => link.message(octetsOf(data)));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", reject);
  });
  if (options.batch && socket.protocol !== wanted) {
    socket.terminate();
    throw new Error(`the relay does not speak ${wanted}`);
  }
  return {
    counters: link.counters,
    closed,
    send: (frame) => link.send(frame),
    sendMessage: (bytes) => socket.send(bytes, { binary: true }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: async () => {
      link.close();
      socket.resume(); // a paused socket never hears the answer
      socket.close();
      await closed;
    },
  };
}

const NO_CORK = { cork() {}, uncork() {} };
