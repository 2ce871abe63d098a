import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { FrameSink } from "../../net/segment/frame.ts";
import { FrameStreamReader } from "./frame-stream.ts";

const HELPER = fileURLToPath(new URL("./tap.py", import.meta.url));
/** Debian's own interpreter: the helper needs nothing but the standard library. */
const PYTHON = "/usr/bin/python3";
const BATCH_BYTES = 65_536;
/** The rest of a batch buffer that is still worth filling. */
const SMALLEST_BATCH_BYTES = 2_048;
const DEFAULT_QUEUE_BYTES = 4 << 20;

export interface TapOptions {
  /** The interface's name, at most 15 bytes. It is made, and taken away at the end, where it does not exist. */
  readonly name: string;
  /** The network namespace (`ip netns`) in which it is opened; the relay's own when not given. */
  readonly namespace?: string;
  /** Largest IP packet in bytes; the interface's own when not given. */
  readonly mtu?: number;
  /** How many bytes may wait for the helper; what comes on top is dropped. */
  readonly queueBytes?: number;
}

export interface TapCounters {
  /** From the kernel to us. */
  receivedFrames: number;
  receivedBytes: number;
  /** From us to the kernel. */
  sentFrames: number;
  sentBytes: number;
  /** The queue to the helper was full, or the tap was closed: the newest frame is dropped, as by a full transmit ring. */
  droppedFrames: number;
}

/** A tap could not be opened, or its helper died. The message says what to do. */
export class TapError extends Error {
  readonly code: "not-root" | "cannot-open" | "helper-died";

  constructor(code: TapError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TapError";
    this.code = code;
  }
}

/** A Linux tap interface. What the kernel sends through it arrives in `onFrame`; what is sent here, the kernel receives. */
export interface Tap {
  /** Queues a frame. False when it was dropped (`counters.droppedFrames`). */
  send(frame: Uint8Array): boolean;
  /** Gets the kernel's frames, from the moment it is set. Immutable: they may be kept. */
  onFrame: FrameSink;
  readonly counters: Readonly<TapCounters>;
  /** Resolves when the tap is gone: with the reason if nobody called `close`. */
  readonly ended: Promise<TapError | undefined>;
  close(): Promise<void>;
}

/** Opens a tap; needs root (or CAP_NET_ADMIN). Rejects with a `TapError`. */
export async function openTap(options: TapOptions): Promise<Tap> {
  if (process.getuid?.() !== 0) {
    throw new TapError(
      "not-root",
      `The tap ${options.name} needs root: run as root, or leave the uplink out.`,
    );
  }
  const helper = [PYTHON, HELPER, options.name, ...(options.mtu === undefined ? [] : [String(options.mtu)])];
  const [command, ...args] =
    options.namespace === undefined ? helper : ["ip", "netns", "exec", options.namespace, ...helper];
  const child = spawn(command!, args, { stdio: ["pipe", "pipe", "pipe"] });
  const tap = new HelperTap(child, options);
  await tap.ready;
  return tap;
}

class HelperTap implements Tap {
  onFrame: FrameSink = () => {};
  readonly counters: TapCounters = {
    receivedFrames: 0,
    receivedBytes: 0,
    sentFrames: 0,
    sentBytes: 0,
    droppedFrames: 0,
  };
  readonly ready: Promise<void>;
  readonly ended: Promise<TapError | undefined>;

  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #queueBytes: number;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #batchBytes = 0;
  #closed = false;

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, options: TapOptions) {
    this.#child = child;
    this.#queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
    const { promise: ready, resolve: isReady, reject: isBroken } = withResolvers<void>();
    const { promise: ended, resolve: isOver } = withResolvers<TapError | undefined>();
    this.ready = ready;
    this.ended = ended;
    let opened = false;
    let complaint = "";

    const reader = new FrameStreamReader(
      (frame) => {
        this.counters.receivedFrames++;
        this.counters.receivedBytes += frame.length;
        this.onFrame(frame);
      },
      () => {
        opened = true;
        isReady();
      },
    );
    const finish = (cause?: Error) => {
      const wanted = this.#closed;
      this.#closed = true;
      const words = complaint.trim() || cause?.message || "its helper process ended";
      const error = new TapError(
        opened ? "helper-died" : "cannot-open",
        `Tap ${options.name}: ${words}. The helper is ${PYTHON} ${HELPER}; it needs python3, iproute2 and /dev/net/tun.`,
        cause === undefined ? undefined : { cause },
      );
      if (!opened) isBroken(error);
      isOver(wanted && opened ? undefined : error);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.#closed && !reader.push(chunk)) child.kill();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-1000);
    });
    // What was under way when the helper ends is lost like frames on a pulled cable; `ended` tells why.
    child.stdin.on("error", () => {});
    child.on("error", finish);
    child.on("close", () => finish());
  }

  send(frame: Uint8Array): boolean {
    const length = 4 + frame.length;
    if (this.#closed || this.#child.stdin.writableLength + this.#batchBytes + length > this.#queueBytes) {
      this.counters.droppedFrames++;
      return false;
    }
    if (this.#batchBytes + length > this.#batch.length) this.#flush(length);
    if (this.#batchBytes === 0) process.nextTick(() => this.#flush(0));
    this.#batch.writeUInt32BE(frame.length, this.#batchBytes);
    this.#batch.set(frame, this.#batchBytes + 4);
    this.#batchBytes += length;
    this.counters.sentFrames++;
    this.counters.sentBytes += frame.length;
    return true;
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#flush(0);
      this.#closed = true;
      this.#child.stdin.end();
    }
    await this.ended;
  }

  /** Hands all frames of one turn to the helper in one write; `room` bytes are needed in the next batch. */
  #flush(room: number): void {
    if (this.#batchBytes > 0) {
      if (!this.#closed) this.#child.stdin.write(this.#batch.subarray(0, this.#batchBytes));
      this.#batch = this.#batch.subarray(this.#batchBytes);
      this.#batchBytes = 0;
    }
    if (this.#batch.length < Math.max(SMALLEST_BATCH_BYTES, room)) {
      this.#batch = Buffer.allocUnsafe(Math.max(BATCH_BYTES, room));
    }
  }
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
