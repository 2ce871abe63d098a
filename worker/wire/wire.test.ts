import { describe, expect, it } from "vitest";
import { cutLargeFrame } from "../../net/tcp/large-segment.ts";
import { sampleLargeFrame } from "../../net/tcp/sample-large-frame.ts";
import {
  BATCH_SUBPROTOCOL,
  LARGE_BATCH_SUBPROTOCOL,
  parseBatch,
  serializeBatch,
} from "../../net/wire/batch.ts";
import { FakeTime } from "../testing/fake-time.ts";
import type { Socket, SocketHandlers } from "./socket.ts";
import { Wire, type WireState } from "./wire.ts";

class FakeSocket implements Socket {
  protocol = "";
  bufferedAmount = 0;
  isClosed = false;
  readonly sent: Uint8Array[] = [];
  readonly handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    this.handlers = handlers;
  }

  send(message: Uint8Array): void {
    this.sent.push(message);
  }

  sendText(): void {
    throw new Error("A wire carries frames only.");
  }

  close(): void {
    this.isClosed = true;
  }

  opens(protocol: string): void {
    this.protocol = protocol;
    this.handlers.opened();
  }
}

function setUp(options: { maxBufferedBytes?: number } = {}) {
  const time = new FakeTime();
  const sockets: FakeSocket[] = [];
  const asked: (readonly string[])[] = [];
  const received: Uint8Array[] = [];
  const states: [WireState, boolean][] = [];
  const wire = new Wire({
    url: "ws://relay/wire",
    mtu: 1500,
    after: time.after,
    random: () => 0.5,
    openSocket: (_url, protocols, handlers) => {
      asked.push(protocols);
      const socket = new FakeSocket(handlers);
      sockets.push(socket);
      return socket;
    },
    receive: (frame) => received.push(frame),
    changed: (state, everOpen) => states.push([state, everOpen]),
    ...options,
  });
  return { time, sockets, asked, received, states, wire };
}

const frame = (first: number, length = 60) => new Uint8Array(length).fill(first);

describe("the wire", () => {
  it("asks for our subprotocol, and puts the frames of one task into one message", async () => {
    const { wire, sockets, asked } = setUp();
    wire.open();
    const session = expect.stringMatching(/^netroot-session\.[0-9a-f]{32}$/);
    expect(asked).toEqual([[LARGE_BATCH_SUBPROTOCOL, BATCH_SUBPROTOCOL, session]]);
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    wire.send(frame(1));
    wire.send(frame(2));
    expect(sockets[0]!.sent).toEqual([]);
    await Promise.resolve();
    expect(sockets[0]!.sent).toHaveLength(1);
    expect(parseBatch(sockets[0]!.sent[0]!, 1500)).toMatchObject({ ok: true, frames: [frame(1), frame(2)] });
    wire.send(frame(3));
    await Promise.resolve();
    expect(sockets[0]!.sent).toHaveLength(2);
  });

  it("sends one frame a message to a relay that does not know the subprotocol", () => {
    const { wire, sockets, received } = setUp();
    wire.open();
    sockets[0]!.opens("");
    wire.send(frame(1));
    wire.send(frame(2));
    expect(sockets[0]!.sent).toEqual([frame(1), frame(2)]);
    sockets[0]!.handlers.message(frame(9));
    expect(received).toEqual([frame(9)]);
  });

  it("takes a batch apart, and counts what makes no sense", () => {
    const { wire, sockets, received } = setUp();
    wire.open();
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.message(serializeBatch([frame(1), frame(2, 1600), frame(3)]));
    expect(received).toEqual([frame(1), frame(3)]);
    expect(wire.dropped).toBe(1);
    sockets[0]!.handlers.message(Uint8Array.of(0, 99, 1));
    expect(wire.dropped).toBe(2);
  });

  it("cuts large segments where the relay knows that it does, and counts those that it cannot cut", () => {
    const { wire, sockets, received } = setUp();
    const large = sampleLargeFrame(4000, 1460);
    wire.open();
    sockets[0]!.opens(LARGE_BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.message(serializeBatch([frame(1), large, frame(2, 1600), frame(3)]));
    expect(received).toEqual([frame(1), ...cutLargeFrame(large, 1500)!, frame(3)]);
    expect(received.map(({ length }) => length)).toEqual([60, 1514, 1514, 54 + 1080, 60]);
    expect(wire.dropped).toBe(1);
  });

  it("takes no large segments from a relay that speaks the first version", () => {
    const { wire, sockets, received } = setUp();
    wire.open();
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.message(serializeBatch([sampleLargeFrame(4000, 1460)]));
    expect(received).toEqual([]);
    expect(wire.dropped).toBe(1);
  });

  it("drops and counts frames while there is no relay", () => {
    const { wire } = setUp();
    wire.send(frame(1));
    wire.open();
    wire.send(frame(2));
    expect(wire.dropped).toBe(2);
  });

  it("drops the newest frame when the socket does not keep up", () => {
    const { wire, sockets } = setUp({ maxBufferedBytes: 1000 });
    wire.open();
    sockets[0]!.opens("");
    sockets[0]!.bufferedAmount = 1001;
    wire.send(frame(1));
    sockets[0]!.bufferedAmount = 0;
    wire.send(frame(2));
    expect(sockets[0]!.sent).toEqual([frame(2)]);
    expect(wire.dropped).toBe(1);
  });

  it("tries again, ever more slowly, and tells an unreachable relay from a lost one", () => {
    const { wire, sockets, states, time } = setUp();
    wire.open();
    sockets[0]!.handlers.closed();
    expect(states).toEqual([
      ["connecting", false],
      ["lost", false],
    ]);
    const waits: number[] = [];
    for (let attempt = 1; attempt < 8; attempt++) {
      const fromMs = time.nowMs;
      while (sockets.length === attempt) time.pass(1);
      waits.push(time.nowMs - fromMs);
      sockets.at(-1)!.handlers.closed();
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]!).toBeLessThan(waits.at(-1)!);
    expect(waits.at(-1)!).toBeLessThanOrEqual(5000);

    while (sockets.length === 8) time.pass(1);
    sockets.at(-1)!.opens(BATCH_SUBPROTOCOL);
    sockets.at(-1)!.handlers.closed();
    expect(states.slice(2)).toEqual([
      ["open", true],
      ["lost", true],
    ]);
    expect(wire.dropped).toBe(0);
  });

  it("comes back at once after a cut, by the same name, and first sends what was held", async () => {
    const { wire, sockets, asked, states, time } = setUp();
    wire.open();
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.message(serializeBatch([frame(9)]));
    sockets[0]!.handlers.closed();
    wire.send(frame(1));
    wire.send(frame(2));
    expect(states.at(-1)).toEqual(["connecting", true]);
    time.pass(0);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
    sockets[1]!.opens(BATCH_SUBPROTOCOL);
    wire.send(frame(3));
    await Promise.resolve();
    expect(sockets[1]!.sent.map((message) => parseBatch(message, 1500))).toEqual([
      { ok: true, frames: [frame(1), frame(2), frame(3)], rejected: 0 },
    ]);
    expect(wire.dropped).toBe(0);
  });

  it("is lost when it does not come back at once, and does not come back at once to a relay that says nothing", () => {
    const { wire, sockets, states, time } = setUp();
    wire.open();
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.closed();
    time.pass(0);
    sockets[1]!.opens(BATCH_SUBPROTOCOL);
    sockets[1]!.handlers.closed();
    expect(states.at(-1)).toEqual(["lost", true]);
    time.pass(0);
    expect(sockets).toHaveLength(2);
  });

  it("holds a bounded number of octets, and drops the newest", async () => {
    const { wire, sockets, time } = setUp();
    wire.open();
    sockets[0]!.opens(BATCH_SUBPROTOCOL);
    sockets[0]!.handlers.closed();
    for (let index = 0; index < 400; index++) wire.send(frame(index, 1000));
    expect(wire.dropped).toBe(400 - 262);
    time.pass(0);
    sockets[1]!.opens(BATCH_SUBPROTOCOL);
    await Promise.resolve();
    const sent = sockets[1]!.sent.flatMap((message) => {
      const batch = parseBatch(message, 1500);
      return batch.ok ? batch.frames : [];
    });
    expect(sent.map((each) => each[0])).toEqual(Array.from({ length: 262 }, (_, index) => index & 0xff));
  });

  it("is another client each time it is opened", () => {
    const { wire, asked } = setUp();
    wire.open();
    wire.close();
    wire.open();
    expect(asked[1]).not.toEqual(asked[0]);
  });

  it("leaves nothing open behind it, whenever it is closed", () => {
    for (const moment of ["connecting", "open", "lost"] as const) {
      const { wire, sockets, states, time, received } = setUp();
      wire.open();
      if (moment === "open") sockets[0]!.opens(BATCH_SUBPROTOCOL);
      if (moment === "lost") sockets[0]!.handlers.closed();
      wire.close();
      if (moment !== "lost") expect(sockets[0]!.isClosed).toBe(true);
      // What a closing socket still says changes nothing.
      sockets[0]!.handlers.message(serializeBatch([frame(1)]));
      sockets[0]!.handlers.closed();
      time.pass(60_000);
      expect(time.pendingTimers).toBe(0);
      expect(sockets).toHaveLength(1);
      expect(received).toEqual([]);
      expect(states.at(-1)![0]).toBe("closed");
    }
  });

  it("can be opened again", () => {
    const { wire, sockets, states } = setUp();
    wire.open();
    sockets[0]!.opens("");
    wire.close();
    wire.open();
    expect(sockets).toHaveLength(2);
    expect(states.at(-1)).toEqual(["connecting", false]);
  });

  it("takes an address that is none for a relay that does not answer", () => {
    const time = new FakeTime();
    const states: WireState[] = [];
    const wire = new Wire({
      url: "nonsense",
      mtu: 1500,
      after: time.after,
      random: () => 0,
      openSocket: () => {
        throw new SyntaxError("Invalid URL");
      },
      receive: () => {},
      changed: (state) => states.push(state),
    });
    wire.open();
    expect(states).toEqual(["connecting", "lost"]);
    wire.close();
    expect(time.pendingTimers).toBe(0);
  });
});
