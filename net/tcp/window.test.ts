import { describe, expect, test } from "vitest";
import { ScriptedPeer } from "./scripted-peer.ts";
import { ACK, FIN } from "./wire.ts";

const full = () => new Uint8Array(1000);

describe("the peer's window", () => {
  test("is never overrun", () => {
    const peer = new ScriptedPeer();
    peer.open({}, 2500).write(new Uint8Array(10_000));
    peer.pass(100);
    expect(peer.take()).toEqual(["ACK 1+1000 ack 1", "ACK 1001+1000 ack 1"]);
    peer.send({ ack: 2001, window: 2500 });
    expect(peer.take()).toEqual(["ACK 2001+1000 ack 1", "ACK 3001+1000 ack 1"]);
  });

  test("is probed with one octet while it is closed, less and less often, for as long as there are answers", () => {
    const peer = new ScriptedPeer({ userTimeoutMs: 100_000 });
    peer.open({}, 1000).write(new Uint8Array(3000));
    peer.pass(1);
    peer.take();
    peer.send({ ack: 1001, window: 0 });
    for (let minute = 0; minute < 30; minute += 1) {
      peer.pass(60_000);
      expect(new Set(peer.take())).toEqual(new Set(["ACK 1001+1 ack 1"]));
      peer.send({ ack: 1001, window: 0 });
    }
    expect(peer.endpoint.counters.zeroWindowProbes).toBeLessThan(40);
    peer.send({ ack: 1001, window: 4000 });
    expect(peer.take()).toEqual(["ACK 1001+1000 ack 1", "ACK 2001+1000 ack 1"]);
  });

  test("may take the octet of a probe", () => {
    const peer = new ScriptedPeer();
    peer.open({}, 1000).write(new Uint8Array(2000));
    peer.send({ ack: 1001, window: 0 });
    peer.pass(2000);
    peer.take();
    peer.send({ ack: 1002, window: 5000 });
    expect(peer.take()).toEqual(["ACK 1002+999 ack 1"]);
  });

  test("is given up when probes are not answered", () => {
    const peer = new ScriptedPeer({ userTimeoutMs: 100_000 });
    peer.open({}, 1000).write(new Uint8Array(2000));
    peer.send({ ack: 1001, window: 0 });
    peer.pass(400_000);
    expect(peer.recorder.reason).toBe("timed-out");
  });

  test("gets no small segment when it opens by little (RFC 9293, section 3.8.6.2.1)", () => {
    const peer = new ScriptedPeer();
    peer.open({}, 4000).write(new Uint8Array(10_000));
    peer.pass(1);
    peer.take();
    peer.send({ ack: 4001, window: 300 });
    expect(peer.take()).toEqual([]);
    peer.send({ ack: 4001, window: 1000 });
    expect(peer.take()).toEqual(["ACK 4001+1000 ack 1"]);
  });

  test("that shrinks leaves what was sent beyond it to be sent again", () => {
    const peer = new ScriptedPeer();
    peer.open().write(new Uint8Array(3000));
    peer.pass(1);
    peer.take();
    peer.send({ ack: 1001, window: 0 });
    peer.pass(1500);
    expect(new Set(peer.take())).toEqual(new Set(["ACK 1001+1 ack 1"]));
    peer.send({ ack: 1001, window: 5000 });
    expect(peer.take()).toEqual(["ACK 1001+1000 ack 1"]);
    peer.send({ ack: 2001, window: 5000 });
    expect(peer.take()).toEqual(["ACK 2001+1000 ack 1"]);
  });

  test("is not told by an old segment", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    peer.send({ seq: 1, payload: full(), window: 5000 });
    peer.send({ seq: 1001, payload: full(), window: 5000 });
    peer.send({ seq: 2001, window: 100 });
    peer.send({ seq: 1001, payload: full(), window: 9000 });
    stream.write(new Uint8Array(1000));
    peer.pass(1);
    expect(peer.take().filter((line) => line.includes("+"))).toEqual([]);
  });
});

describe("our window", () => {
  test("closes while the reader is paused, and opens again for a whole segment at least", () => {
    const peer = new ScriptedPeer({ receiveWindow: 4000 });
    const stream = peer.open();
    stream.pause();
    for (let seq = 1; seq < 4000; seq += 1000) peer.send({ seq, payload: full() });
    expect(peer.takeSegments().at(-1)?.window).toBe(0);
    peer.send({ seq: 4001, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 4001"]);
    expect(peer.recorder.chunks).toEqual([]);
    stream.resume();
    peer.pass(1);
    const [update] = peer.takeSegments();
    expect(update?.window).toBe(4000);
    expect(peer.recorder.bytes().length).toBe(4000);
  });

  test("answers a probe of the peer while it is closed", () => {
    const peer = new ScriptedPeer({ receiveWindow: 1000 });
    peer.open().pause();
    peer.send({ payload: full() });
    peer.take();
    peer.send({ seq: 1000 });
    peer.send({ seq: 1001, payload: Uint8Array.of(1) });
    expect(peer.take()).toEqual(["ACK 1 ack 1001", "ACK 1 ack 1001"]);
  });

  test("takes acknowledgments while it is closed", () => {
    const peer = new ScriptedPeer({ receiveWindow: 1000 });
    const stream = peer.open();
    stream.pause();
    peer.send({ payload: full() });
    stream.write(new Uint8Array(10));
    peer.pass(1);
    peer.send({ seq: 1001, ack: 11 });
    peer.take();
    peer.pass(10_000);
    expect(peer.take()).toEqual([]);
  });
});

describe("acknowledgments", () => {
  test("wait for a second segment, or for a little while", () => {
    const peer = new ScriptedPeer({ delayedAckMs: 40 });
    peer.open();
    peer.send({ payload: full() });
    expect(peer.take()).toEqual([]);
    peer.pass(40);
    expect(peer.take()).toEqual(["ACK 1 ack 1001"]);
    peer.send({ seq: 1001, payload: full() });
    peer.send({ seq: 2001, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 3001"]);
    peer.pass(1000);
    expect(peer.take()).toEqual([]);
  });

  test("go along with data", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    peer.recorder.onData = () => stream.write(new Uint8Array(16));
    peer.send({ payload: full() });
    expect(peer.take()).toEqual(["ACK 1+16 ack 1001"]);
  });

  test("are sent at once for what is out of order, fills a gap, or was there before", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.send({ seq: 1001, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 1"]);
    peer.send({ seq: 1, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 2001"]);
    peer.send({ seq: 1, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 2001"]);
    peer.send({ seq: 1501, payload: full() });
    expect(peer.take()).toEqual(["ACK 1 ack 2501"]);
  });
});

describe("text", () => {
  test("that overlaps is taken once", () => {
    const peer = new ScriptedPeer();
    peer.open();
    const at = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, n) => from + n);
    peer.send({ seq: 1 + 10, payload: at(10, 30) });
    peer.send({ seq: 1 + 5, payload: at(5, 20) });
    peer.send({ seq: 1 + 25, payload: at(25, 40) });
    peer.send({ seq: 1, payload: at(0, 8) });
    expect([...peer.recorder.bytes()]).toEqual([...at(0, 40)]);
  });

  test("beyond the window is cut off", () => {
    const peer = new ScriptedPeer({ receiveWindow: 1000 });
    peer.open().pause();
    peer.send({ payload: new Uint8Array(1400) });
    expect(peer.take()).toEqual(["ACK 1 ack 1001"]);
  });

  test("out of order is dropped and counted when too many pieces are held", () => {
    const peer = new ScriptedPeer({ maxOutOfOrder: 2 });
    peer.open();
    for (const seq of [101, 201, 301]) peer.send({ seq, payload: Uint8Array.of(1) });
    expect(peer.endpoint.counters.dropped.outOfOrderFull).toBe(1);
  });

  test("with a FIN out of order ends the stream only when the gap is filled", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.send({ flags: ACK | FIN, seq: 11, payload: new Uint8Array(10) });
    expect(peer.recorder.ended).toBe(false);
    peer.send({ seq: 1, payload: new Uint8Array(10) });
    expect(peer.recorder.ended).toBe(true);
    expect(peer.take().at(-1)).toBe("ACK 1 ack 22");
  });

  test("that a paused reader has not seen comes before the end", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.pause();
    peer.send({ flags: ACK | FIN, payload: new Uint8Array(10) });
    expect([peer.recorder.chunks.length, peer.recorder.ended]).toEqual([0, false]);
    stream.resume();
    expect([peer.recorder.bytes().length, peer.recorder.ended]).toEqual([10, true]);
  });
});

describe("the writer", () => {
  test("is told when to wait and when to go on", () => {
    const peer = new ScriptedPeer({ sendHighWater: 5000, sendLowWater: 2000 });
    const stream = peer.open();
    expect(stream.write(new Uint8Array(4000))).toBe(true);
    expect(stream.write(new Uint8Array(2000))).toBe(false);
    peer.pass(1);
    peer.send({ ack: 3001 });
    expect(peer.recorder.drains).toBe(0);
    peer.send({ ack: 4001 });
    expect(peer.recorder.drains).toBe(1);
    peer.send({ ack: 6001 });
    expect(peer.recorder.drains).toBe(1);
  });

  test("that never waits is reset and counted", () => {
    const peer = new ScriptedPeer({ sendLimit: 10_000 });
    const stream = peer.open();
    for (let count = 0; count < 12; count += 1) stream.write(new Uint8Array(1000));
    expect(peer.recorder.reason).toBe("aborted");
    expect(peer.endpoint.counters.sendQueueOverflows).toBe(1);
  });

  test("has its small writes sent at once, or held back by Nagle's rule if asked for", () => {
    const small = (nagle: boolean) => {
      const peer = new ScriptedPeer({ nagle });
      const stream = peer.open();
      for (let count = 0; count < 3; count += 1) stream.write(new Uint8Array(10));
      peer.pass(1);
      const first = peer.take();
      peer.send({ ack: 11 });
      return [first, peer.take()];
    };
    expect(small(false)).toEqual([["ACK 1+10 ack 1", "ACK 11+10 ack 1", "ACK 21+10 ack 1"], []]);
    expect(small(true)).toEqual([["ACK 1+10 ack 1"], ["ACK 11+20 ack 1"]]);
  });
});
