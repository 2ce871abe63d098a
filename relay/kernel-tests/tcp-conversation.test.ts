import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RandomBytes } from "../../net/clock.ts";
import type { ByteStream, StreamService } from "../../net/stream/stream.ts";
import { TcpEndpoint } from "../../net/tcp/endpoint.ts";
import { Recorder, writeAll } from "../../net/tcp/simulated-link.ts";
import { KERNEL_ADDRESS, KERNELS, KernelPeer, OURS } from "./kernel-peer.ts";

// Conversations between our endpoint and programs on a real kernel.

const CLIENT = fileURLToPath(new URL("./client.py", import.meta.url));
const PORT = 7;
const ECHO_BYTES = 32 * 1024 * 1024;
/** An initial sequence number after which 256 octets are left before the wrap. */
const LATE_ISN = "0xffffff00";
/** The first word asked for is our initial sequence number: 256 octets are left here as well. */
const lateIsn: RandomBytes = (length) => new Uint8Array(length).fill(0xff, 0, 3);

let peer: KernelPeer<TcpEndpoint>;

beforeEach(async () => {
  peer = await KernelPeer.create((options) => new TcpEndpoint(options), lateIsn);
});

afterEach(async () => {
  const open = peer?.tcp.counters.flowsOpen;
  await peer?.close();
  expect(open).toBe(0);
});

/** Runs one conversation of client.py against our port; returns what it printed. */
async function converse(conversation: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await peer.namespace.run("/usr/bin/python3", [
    CLIENT,
    OURS,
    `${PORT}`,
    conversation,
    ...args,
  ]);
  expect(stderr).toBe("");
  return stdout.trim();
}

/** Sends back what it gets. */
const echo: StreamService = (stream) => ({
  data(bytes) {
    if (!stream.write(bytes)) stream.pause();
  },
  drained: () => stream.resume(),
  end: () => stream.end(),
  closed: () => {},
});

/** Listens, and resolves with the stream and what was told of it when the conversation is over. */
function listenOnce(answer: (stream: ByteStream, recorder: Recorder) => void): Promise<Recorder> {
  return new Promise((resolve) => {
    peer.tcp.listen(PORT, (stream) => {
      const recorder = new Recorder();
      const closed = recorder.closed.bind(recorder);
      recorder.closed = (reason) => {
        closed(reason);
        resolve(recorder);
      };
      answer(stream, recorder);
      return recorder;
    });
  });
}

test("what the kernel sends comes back whole, both sequence numbers wrapping", async () => {
  peer.tcp.listen(PORT, echo);
  expect(await converse("echo", `${ECHO_BYTES}`, LATE_ISN)).toBe(`True ${ECHO_BYTES}`);
  expect(peer.kernelIsn).toBe(Number(LATE_ISN));
});

test("what the kernel sends comes back whole though frames are lost in both directions", async () => {
  const [toKernel, fromKernel] = peer.impair({ loss: 0.01 });
  peer.tcp.listen(PORT, echo);
  expect(await converse("echo", `${ECHO_BYTES}`, LATE_ISN)).toBe(`True ${ECHO_BYTES}`);
  expect(toKernel.lost).toBeGreaterThan(50);
  expect(fromKernel.lost).toBeGreaterThan(50);
  expect(peer.tcp.counters.outOfOrder).toBeGreaterThan(0);
});

test("what the kernel sends comes back whole though frames come late, out of order and twice", async () => {
  const [, fromKernel] = peer.impair({ delayMs: 1, reorder: 0.05, duplicate: 0.01 });
  peer.tcp.listen(PORT, echo);
  expect(await converse("echo", `${ECHO_BYTES}`)).toBe(`True ${ECHO_BYTES}`);
  expect(fromKernel.overtook).toBeGreaterThan(50);
  expect(fromKernel.duplicated).toBeGreaterThan(50);
});

test("the kernel closes its direction first and still receives everything", async () => {
  const over = listenOnce((stream, recorder) => {
    recorder.onEnd = () => writeAll(stream, recorder, new Uint8Array(8_000_000));
  });
  expect(await converse("send_then_read", "1000000")).toBe("8000000");
  const { reason, ended, chunks } = await over;
  expect({ reason, ended }).toEqual({ reason: "finished", ended: true });
  expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(1_000_000);
});

test("we close our direction first and still receive everything", async () => {
  const over = listenOnce((stream, recorder) => writeAll(stream, recorder, new Uint8Array(3_000_000)));
  expect(await converse("read_then_send", "2000000")).toBe("3000000");
  const recorder = await over;
  expect(recorder.reason).toBe("finished");
  expect(recorder.bytes().length).toBe(2_000_000);
});

test("a reader of ours that pauses stops the kernel, and gets everything once it goes on", async () => {
  let whilePaused = 0;
  const over = listenOnce((stream, recorder) => {
    recorder.onData = () => {
      recorder.onData = undefined;
      stream.pause();
      setTimeout(() => {
        whilePaused = recorder.chunks.length;
        stream.resume();
        stream.end();
      }, 1500);
    };
  });
  await converse("send_then_read", "5000000");
  const recorder = await over;
  expect(whilePaused).toBe(1);
  expect(recorder.bytes().length).toBe(5_000_000);
  expect(recorder.reason).toBe("finished");
});

test("a connection that the kernel resets is told as reset", async () => {
  const over = listenOnce((stream) => void stream.write(new Uint8Array(100_000)));
  await converse("reset");
  expect((await over).reason).toBe("reset");
  expect(peer.tcp.counters.resetsIn).toBe(1);
});

test("a connection that we reset is told to the kernel", async () => {
  listenOnce((stream) => stream.abort());
  expect(await converse("read_until_error")).toBe("Connection reset by peer");
});

test("a port without a service refuses at once", async () => {
  expect(await converse("refused")).toBe("Connection refused at once");
  expect(peer.tcp.counters).toMatchObject({ unknownFlows: 1, resetsOut: 1, flowsOpened: 0 });
});

test("a flow over the bound is refused at once", async () => {
  await peer.close();
  peer = await KernelPeer.create(
    (options) => new TcpEndpoint({ ...options, settings: { maxFlowsPerPeer: 0 } }),
  );
  peer.tcp.listen(PORT, echo);
  expect(await converse("refused")).toBe("Connection refused at once");
  expect(peer.tcp.counters).toMatchObject({ flowsRefused: 1, flowsOpened: 0 });
});

test("we open a connection to the kernel, which sends everything back", async () => {
  const server = peer.namespace.start("/usr/bin/python3", [CLIENT, KERNELS, "9000", "serve_once"]);
  await once(server.stdout!, "data");
  const recorder = new Recorder();
  const closed = new Promise<void>((resolve) => {
    const tell = recorder.closed.bind(recorder);
    recorder.closed = (reason) => {
      tell(reason);
      resolve();
    };
  });
  const bytes = Uint8Array.from({ length: 4_000_000 }, (_, index) => (index * 2654435761) >>> 24);
  writeAll(peer.tcp.connect({ address: KERNEL_ADDRESS, port: 9000 }, recorder), recorder, bytes);
  await closed;
  expect(recorder.reason).toBe("finished");
  expect(Buffer.compare(recorder.bytes(), bytes)).toBe(0);
});

test("a kernel that refuses our connection is told as refused", async () => {
  const reason = await new Promise((resolve) => {
    const recorder = new Recorder();
    recorder.closed = resolve;
    peer.tcp.connect({ address: KERNEL_ADDRESS, port: 9001 }, recorder);
  });
  expect(reason).toBe("refused");
});
