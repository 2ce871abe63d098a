import { describe, expect, test } from "vitest";
import { INITIAL_RTO_MS } from "./round-trip.ts";
import { ISS, ScriptedPeer } from "./scripted-peer.ts";
import { LEFT, RIGHT } from "./simulated-link.ts";
import { ACK } from "./wire.ts";

const SACK = { sackPermitted: true };
const sack = (...blocks: [number, number][]) => ({
  sackBlocks: blocks.map(([start, end]) => ({ start: ISS + start, end: ISS + end })),
});

describe("the retransmission timer (RFC 6298)", () => {
  test("repeats the oldest segment, later each time, and sends one segment only", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.write(new Uint8Array(3000));
    peer.pass(1);
    expect(peer.take()).toHaveLength(3);
    const sent = peer.link.sent.length;
    const start = peer.link.now();
    peer.pass(20_000);
    expect(new Set(peer.take())).toEqual(new Set(["ACK 1+1000 ack 1"]));
    const waits = peer.link.sent.slice(sent).map(({ at }, index, all) => at - (all[index - 1]?.at ?? start));
    for (const [index, wait] of waits.slice(2).entries()) expect(wait).toBe(2 * waits[index + 1]!);
    expect(peer.endpoint.counters.retransmissionTimeouts).toBe(waits.length);
    expect(waits.length).toBeGreaterThan(3);
  });

  test("goes through all that was sent before once acknowledgments come, faster and faster", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.write(new Uint8Array(8000));
    peer.pass(1500);
    peer.take();
    peer.send({ ack: 1001 });
    expect(peer.take()).toEqual(["ACK 1001+1000 ack 1", "ACK 2001+1000 ack 1"]);
    peer.send({ ack: 3001 });
    expect(peer.take()).toEqual([
      "ACK 3001+1000 ack 1",
      "ACK 4001+1000 ack 1",
      "ACK 5001+1000 ack 1",
      "ACK 6001+1000 ack 1",
    ]);
    peer.send({ ack: 8001 });
    peer.pass(60_000);
    expect(peer.take()).toEqual([]);
  });

  test("repeats at once when the way is there again, however long it was away, and waits briefly from then on", () => {
    const peer = new ScriptedPeer();
    peer.open().write(new Uint8Array(3000));
    peer.pass(100_000);
    peer.take();
    const idle = peer.link.now();
    peer.endpoint.pathRestored(RIGHT);
    peer.pass(2);
    expect(peer.take()).toEqual(["ACK 1+1000 ack 1"]);
    const sent = peer.link.sent.length;
    peer.pass(5_000);
    expect(peer.link.sent[sent]!.at - idle).toBeLessThan(2 * INITIAL_RTO_MS + 10);
    // Nothing is said to others, and nothing where nothing waits.
    peer.send({ ack: 3001 });
    peer.take();
    peer.endpoint.pathRestored(RIGHT);
    peer.endpoint.pathRestored(LEFT);
    peer.pass(5_000);
    expect(peer.take()).toEqual([]);
  });

  test("asks a closed window at once when the way is there again", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open({}, 1000);
    stream.write(new Uint8Array(3000));
    peer.send({ ack: 1001, window: 0 });
    peer.pass(100_000);
    const probes = peer.endpoint.counters.zeroWindowProbes;
    peer.endpoint.pathRestored(RIGHT);
    expect(peer.endpoint.counters.zeroWindowProbes).toBe(probes + 1);
  });

  test("gives up after the user time-out and tells the peer", () => {
    const peer = new ScriptedPeer({ userTimeoutMs: 30_000 });
    peer.open().write(new Uint8Array(1));
    peer.pass(120_000);
    expect(peer.take().at(-1)).toBe("RST ACK 2 ack 1");
    expect(peer.recorder.reason).toBe("timed-out");
    expect(peer.endpoint.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("learns by timestamps that the peer has become slow, though everything is sent twice (RFC 7323, section 4)", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open({ timestamps: { value: 1, echo: 0 } });
    const retransmits: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const before = peer.endpoint.counters.retransmits;
      stream.write(new Uint8Array(100));
      // The first ten answers come at once, the others 700 ms after the segment was sent first.
      peer.pass(round < 10 ? 1 : 700);
      const [first] = peer.takeSegments();
      const echo = first!.options.timestamps!.value;
      peer.send({ ack: 101 + 100 * round, options: { timestamps: { value: 2 + round, echo } } });
      retransmits.push(peer.endpoint.counters.retransmits - before);
    }
    expect(retransmits.slice(0, 10)).toEqual(new Array(10).fill(0));
    expect(retransmits[10]).toBeGreaterThan(0);
    expect(retransmits.slice(12)).toEqual(new Array(8).fill(0));
  });
});

describe("fast retransmit without SACK (RFC 6582)", () => {
  test("repeats the segment after the third duplicate, and sends new data on the two before (RFC 3042)", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.write(new Uint8Array(20_000));
    peer.pass(1);
    expect(peer.take()).toHaveLength(10);
    peer.send({ ack: 1 });
    peer.send({ ack: 1 });
    expect(peer.take()).toEqual(["ACK 10001+1000 ack 1", "ACK 11001+1000 ack 1"]);
    peer.send({ ack: 1 });
    expect(peer.take()).toEqual(["ACK 1+1000 ack 1"]);
    expect(peer.endpoint.counters).toMatchObject({ fastRetransmits: 1, retransmissionTimeouts: 0 });
  });

  test("repeats the next hole on a partial acknowledgment, and is over when all is acknowledged", () => {
    const peer = new ScriptedPeer();
    peer.open().write(new Uint8Array(10_000));
    peer.pass(1);
    for (let count = 0; count < 3; count += 1) peer.send({ ack: 1 });
    peer.take();
    peer.send({ ack: 4001 });
    expect(peer.take()).toEqual(["ACK 4001+1000 ack 1"]);
    peer.send({ ack: 10_001 });
    peer.pass(60_000);
    expect(peer.take()).toEqual([]);
    expect(peer.endpoint.counters).toMatchObject({ fastRetransmits: 1, retransmits: 2 });
  });

  test("takes no window update and no data for a duplicate", () => {
    const peer = new ScriptedPeer();
    peer.open().write(new Uint8Array(5000));
    peer.pass(1);
    for (let count = 0; count < 5; count += 1) {
      peer.send({ ack: 1, window: 60_000 + count });
      peer.send({ ack: 1, window: 60_000 + count, seq: 1 + count, payload: Uint8Array.of(1) });
    }
    expect(peer.endpoint.counters.fastRetransmits).toBe(0);
  });
});

describe("loss recovery by SACK (RFC 6675)", () => {
  test("repeats exactly what is missing", () => {
    const peer = new ScriptedPeer();
    peer.open(SACK).write(new Uint8Array(10_000));
    peer.pass(1);
    peer.take();
    // Segments 1, 3 and 5 are lost.
    peer.send({ options: sack([1001, 2001]) });
    peer.send({ options: sack([3001, 4001], [1001, 2001]) });
    expect(peer.take()).toEqual([]);
    peer.send({ options: sack([5001, 10_001], [3001, 4001], [1001, 2001]) });
    expect(peer.take()).toEqual(["ACK 1+1000 ack 1", "ACK 2001+1000 ack 1", "ACK 4001+1000 ack 1"]);
    peer.send({ ack: 10_001 });
    peer.pass(60_000);
    expect(peer.take()).toEqual([]);
    expect(peer.endpoint.counters).toMatchObject({
      fastRetransmits: 1,
      retransmits: 3,
      retransmissionTimeouts: 0,
    });
  });

  test("begins before the third duplicate when enough octets are reported", () => {
    const peer = new ScriptedPeer();
    peer.open(SACK).write(new Uint8Array(10_000));
    peer.pass(1);
    peer.take();
    peer.send({ options: sack([1001, 4001]) });
    expect(peer.take()[0]).toBe("ACK 1+1000 ack 1");
  });

  test("sends nothing again for blocks that make no sense", () => {
    const peer = new ScriptedPeer();
    peer.open(SACK).write(new Uint8Array(5000));
    peer.pass(1);
    peer.take();
    for (let count = 0; count < 5; count += 1) {
      peer.send({ options: sack([9001, 12_001], [3001, 3001], [4001, 3001], [-5000, -4000]) });
    }
    expect(peer.take()).toEqual([]);
    expect(peer.endpoint.counters.fastRetransmits).toBe(0);
  });

  test("does not rely on a report after a time-out: a peer may have dropped it (RFC 2018, section 8)", () => {
    const peer = new ScriptedPeer();
    peer.open(SACK).write(new Uint8Array(2000));
    peer.pass(1);
    peer.send({ options: sack([1001, 2001]) });
    peer.pass(1500);
    peer.take();
    peer.send({ ack: 1001 });
    expect(peer.take()).toEqual(["ACK 1001+1000 ack 1"]);
  });

  test("is asked for with our own blocks when the peer's segments are missing", () => {
    const peer = new ScriptedPeer();
    peer.open(SACK);
    peer.send({ flags: ACK, seq: 101, payload: new Uint8Array(100) });
    peer.send({ flags: ACK, seq: 301, payload: new Uint8Array(100) });
    peer.send({ flags: ACK, seq: 1, payload: new Uint8Array(100) });
    expect(peer.take()).toEqual([
      "ACK 1 ack 1 sack 101-201",
      "ACK 1 ack 1 sack 301-401 sack 101-201",
      "ACK 1 ack 201 sack 301-401",
    ]);
  });
});
