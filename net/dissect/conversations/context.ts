import type { NbdPart } from "./nbd-part.ts";

/** What a segment says that can only be told from those before it. */
export type TcpNote =
  | "retransmission"
  | "out-of-order"
  | "lost-segment"
  | "duplicate-ack"
  | "keep-alive"
  | "zero-window"
  | "window-update";

export interface TcpContext {
  /** Counted from 0, in the order in which they appeared. */
  readonly stream: number;
  /** The sequence numbers at which the stream began: the sender's, and the other side's once it is known. */
  readonly sequenceBase: number;
  readonly acknowledgmentBase: number | undefined;
  /** By how many bits the sender's window is scaled; `undefined` where its SYN was not seen. */
  readonly windowShift: number | undefined;
  readonly notes: readonly TcpNote[];
  /** NBD messages that end in this frame; `undefined` where the stream is not one of NBD. */
  readonly nbd: readonly NbdPart[] | undefined;
}

export interface UdpContext {
  /** Counted from 0, in the order in which they appeared. */
  readonly stream: number;
  /** A file transfer goes on in a port that its request named. */
  readonly tftp: boolean;
}

/** The request that an answer of AoE is to. */
export interface AoeContext {
  readonly ataCommand: number;
  /** The first sector that it is about, and how many. */
  readonly lba: number;
  readonly sectors: number;
  readonly requestNumber: number;
  readonly requestTimeMs: number;
}

/** What is known of a frame from the frames before it. */
export interface FrameContext {
  /** From 1, in the order of capture. */
  readonly number: number;
  /** Since power-on. */
  readonly timeMs: number;
  /** To the guest, or from it. */
  readonly direction: "in" | "out";
  readonly tcp?: TcpContext;
  readonly udp?: UdpContext;
  readonly aoe?: AoeContext;
}
