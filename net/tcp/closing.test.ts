import { describe, expect, test } from "vitest";
import { ScriptedPeer } from "./scripted-peer.ts";
import { ACK, FIN, RST, SYN } from "./wire.ts";

describe("closing", () => {
  test("sends the FIN with the last data, and again until it is acknowledged", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.write(new Uint8Array(100));
    peer.pass(1);
    peer.send({ ack: 101 });
    peer.take();
    stream.write(new Uint8Array(50));
    stream.end();
    peer.pass(5000);
    const lines = peer.take();
    expect(lines[0]).toBe("ACK 101+50 ack 1");
    expect(lines[1]).toBe("FIN ACK 151 ack 1");
    expect(new Set(lines.slice(2))).toEqual(new Set(["FIN ACK 101+50 ack 1"]));
    peer.send({ ack: 152 });
    peer.pass(60_000);
    expect(peer.take()).toEqual([]);
  });

  test("by us first: data still arrives, then TIME-WAIT answers the peer's FIN until it is over", () => {
    const peer = new ScriptedPeer({ timeWaitMs: 4000 });
    peer.open().end();
    peer.pass(1);
    peer.send({ ack: 2, payload: Uint8Array.of(7) });
    peer.send({ ack: 2, flags: ACK | FIN, seq: 2 });
    expect([...peer.recorder.bytes()]).toEqual([7]);
    expect(peer.recorder.reason).toBe("finished");
    peer.take();
    peer.pass(3000);
    peer.send({ ack: 2, flags: ACK | FIN, seq: 2 });
    expect(peer.take()).toEqual(["ACK 2 ack 3"]);
    peer.pass(3000);
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 0, flowsInTimeWait: 1 });
    peer.pass(2000);
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 0, flowsInTimeWait: 0 });
    expect(peer.recorder.late).toBe(0);
  });

  test("by both at the same time goes through CLOSING", () => {
    const peer = new ScriptedPeer();
    peer.open().end();
    peer.pass(1);
    peer.send({ ack: 1, flags: ACK | FIN });
    expect(peer.take()).toEqual(["FIN ACK 1 ack 1", "ACK 2 ack 2"]);
    expect(peer.recorder.reason).toBe(undefined);
    peer.send({ ack: 2, seq: 2 });
    expect(peer.recorder.reason).toBe("finished");
    expect(peer.endpoint.counters.flowsInTimeWait).toBe(1);
  });

  test("by the peer first leaves our direction open for as long as we like", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    peer.send({ flags: ACK | FIN });
    expect(peer.recorder.ended).toBe(true);
    peer.pass(100_000);
    peer.take();
    stream.write(new Uint8Array(10));
    stream.end();
    peer.pass(1);
    expect(peer.take()).toEqual(["ACK 1+10 ack 2", "FIN ACK 11 ack 2"]);
    peer.send({ ack: 12, seq: 2 });
    expect(peer.recorder.reason).toBe("finished");
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 0, flowsInTimeWait: 0 });
  });

  test("is not over before a time-out has sent the FIN, though all data is acknowledged", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.write(new Uint8Array(3000));
    peer.pass(1500);
    stream.end();
    peer.pass(1);
    peer.take();
    peer.send({ ack: 3001 });
    expect(peer.take()).toEqual(["FIN ACK 3001 ack 1"]);
    peer.send({ ack: 3002 });
    peer.send({ ack: 3002, flags: ACK | FIN });
    expect(peer.recorder.reason).toBe("finished");
  });

  test("of the endpoint resets what is open, and nothing is left", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.endpoint.close();
    peer.pass(1);
    expect(peer.take()).toEqual(["RST ACK 1 ack 1"]);
    expect(peer.recorder.reason).toBe("aborted");
    expect(peer.endpoint.counters.flowsOpen).toBe(0);
    expect(peer.endpoint.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("while a paused reader has not seen everything keeps it for the reader", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    stream.pause();
    peer.send({ flags: ACK | FIN, payload: new Uint8Array(10) });
    stream.end();
    peer.pass(1);
    peer.send({ ack: 2, seq: 12 });
    expect(peer.recorder.reason).toBe(undefined);
    stream.resume();
    expect([peer.recorder.bytes().length, peer.recorder.ended, peer.recorder.reason]).toEqual([
      10,
      true,
      "finished",
    ]);
  });
});

describe("TIME-WAIT", () => {
  const toTimeWait = (peer: ScriptedPeer) => {
    peer.open().end();
    peer.pass(1);
    peer.send({ ack: 2, flags: ACK | FIN });
    peer.take();
  };

  test("gives way to a new connection with a later sequence number (RFC 6191)", () => {
    const peer = new ScriptedPeer();
    toTimeWait(peer);
    peer.send({ flags: SYN, seq: 100_000 });
    expect(peer.take()).toEqual(["SYN ACK 0 ack 100001"]);
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 1, flowsInTimeWait: 0 });
  });

  test("does not give way to an old SYN, nor to a RST (RFC 1337)", () => {
    const peer = new ScriptedPeer();
    toTimeWait(peer);
    peer.send({ flags: SYN, seq: 0 });
    peer.send({ flags: RST, seq: 2 });
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 0, flowsInTimeWait: 1 });
  });

  test("is cut short for the oldest flow when there are too many", () => {
    const peer = new ScriptedPeer({ maxTimeWait: 1 });
    toTimeWait(peer);
    for (const line of [{ flags: SYN, seq: 0 }, {}]) peer.send({ ...line, port: 2 });
    peer.stream?.end();
    peer.pass(1);
    peer.send({ ack: 2, flags: ACK | FIN, port: 2 });
    expect(peer.endpoint.counters).toMatchObject({ flowsInTimeWait: 1, dropped: { timeWaitFull: 1 } });
  });
});

describe("a reset by the peer", () => {
  test("at exactly the next sequence number ends the flow", () => {
    const peer = new ScriptedPeer();
    peer.open().write(new Uint8Array(100));
    peer.send({ flags: RST, seq: 1 });
    expect(peer.recorder.reason).toBe("reset");
    expect(peer.endpoint.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("elsewhere in the window is challenged, and outside of it ignored (RFC 5961, section 3)", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.send({ flags: RST, seq: 2 });
    expect(peer.take()).toEqual(["ACK 1 ack 1"]);
    peer.send({ flags: RST, seq: 1_000_000 });
    peer.send({ flags: RST, seq: -5 });
    expect(peer.take()).toEqual([]);
    expect(peer.recorder.reason).toBe(undefined);
  });

  test("that answers our FIN is an orderly end: only its acknowledgment was missing", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open();
    peer.send({ flags: ACK | FIN });
    stream.end();
    peer.send({ flags: RST, seq: 2 });
    expect(peer.recorder.reason).toBe("finished");
  });
});

describe("segments that do not belong (RFC 5961)", () => {
  test("a SYN in an open connection is challenged: a peer that has rebooted answers with a RST, and may open anew", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.send({ flags: SYN, seq: 77_000 });
    expect(peer.take()).toEqual(["ACK 1 ack 1"]);
    expect(peer.recorder.reason).toBe(undefined);
    peer.send({ flags: RST, seq: 1 });
    expect(peer.recorder.reason).toBe("reset");
    peer.send({ flags: SYN, seq: 77_000 });
    expect(peer.take()).toEqual(["SYN ACK 0 ack 77001"]);
  });

  test("an acknowledgment of what was never sent, or of long ago, is challenged and its text dropped", () => {
    const peer = new ScriptedPeer({ challengeAckIntervalMs: 1 });
    peer.open();
    peer.send({ ack: 5000, payload: Uint8Array.of(1) });
    peer.send({ ack: -70_000, payload: Uint8Array.of(1) });
    expect(peer.take()).toEqual(["ACK 1 ack 1", "ACK 1 ack 1"]);
    expect(peer.recorder.chunks).toEqual([]);
    expect(peer.endpoint.counters.dropped.badAcknowledgment).toBe(2);
  });

  test("challenges are few", () => {
    const peer = new ScriptedPeer({ challengeAckIntervalMs: 500 });
    peer.open();
    for (let count = 0; count < 100; count += 1) peer.send({ flags: SYN, seq: 5 });
    expect(peer.take()).toHaveLength(1);
    peer.pass(500);
    peer.send({ flags: SYN, seq: 5 });
    expect(peer.take()).toHaveLength(1);
  });

  test("a segment with an old timestamp is dropped and acknowledged (PAWS, RFC 7323, section 5)", () => {
    const peer = new ScriptedPeer();
    peer.open({ timestamps: { value: 1000, echo: 0 } });
    const echo = 0;
    peer.send({ payload: Uint8Array.of(1), options: { timestamps: { value: 1001, echo } } });
    peer.send({ seq: 2, payload: Uint8Array.of(9), options: { timestamps: { value: 999, echo } } });
    peer.send({ seq: 2, payload: Uint8Array.of(2), options: { timestamps: { value: 1001, echo } } });
    expect([...peer.recorder.bytes()]).toEqual([1, 2]);
    expect(peer.endpoint.counters.dropped.unacceptable).toBe(1);
  });

  test("a segment without the timestamp that was agreed on is dropped (RFC 7323, section 3.2)", () => {
    const peer = new ScriptedPeer();
    peer.open({ timestamps: { value: 1000, echo: 0 } });
    peer.send({ payload: Uint8Array.of(1) });
    expect(peer.recorder.chunks).toEqual([]);
    expect(peer.endpoint.counters.dropped.noTimestamp).toBe(1);
  });

  test("a segment without ACK is dropped", () => {
    const peer = new ScriptedPeer();
    peer.open();
    peer.send({ flags: 0, payload: Uint8Array.of(1) });
    expect(peer.recorder.chunks).toEqual([]);
  });
});

describe("keepalive", () => {
  test("asks an idle peer for a sign of life, and lives on while there is one", () => {
    const peer = new ScriptedPeer({ keepaliveIdleMs: 60_000, userTimeoutMs: 200_000 });
    peer.open();
    for (let minute = 0; minute < 10; minute += 1) {
      peer.pass(60_000);
      expect(peer.take()).toEqual(["ACK 0 ack 1"]);
      peer.send({});
    }
    expect(peer.recorder.reason).toBe(undefined);
    peer.pass(400_000);
    expect(peer.recorder.reason).toBe("timed-out");
  });

  test("finds out that the peer has rebooted", () => {
    const peer = new ScriptedPeer({ keepaliveIdleMs: 60_000 });
    peer.open();
    peer.pass(60_000);
    peer.send({ flags: RST, seq: 1 });
    expect(peer.recorder.reason).toBe("reset");
  });
});

describe("the idle time-out", () => {
  test("resets a flow through which nothing went, however alive its peer is", () => {
    const peer = new ScriptedPeer({ idleTimeoutMs: 10_000, keepaliveIdleMs: 4_000 });
    const stream = peer.open();
    peer.pass(6_000);
    peer.send({ payload: Uint8Array.of(1) });
    peer.pass(6_000);
    stream.write(Uint8Array.of(2));
    peer.pass(10);
    peer.send({ seq: 2, ack: 2 });
    peer.take();
    peer.pass(5_000);
    expect(peer.take()).toEqual(["ACK 1 ack 2"]); // the keepalive
    peer.send({ seq: 2, ack: 2 });
    expect(peer.recorder.reason).toBeUndefined();
    peer.pass(5_000);
    expect(peer.recorder.reason).toBe("timed-out");
    expect(peer.take().at(-1)).toBe("RST ACK 2 ack 2");
    expect(peer.endpoint.counters).toMatchObject({ idleTimeouts: 1, flowsOpen: 0 });
    expect(peer.endpoint.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("is off by default: a root that nobody reads is no dead root", () => {
    const peer = new ScriptedPeer();
    peer.open();
    for (let day = 0; day < 3; day++) {
      for (let minutes = 0; minutes < 24 * 60; minutes += 2) {
        peer.pass(2 * 60_000);
        peer.send({});
      }
    }
    expect(peer.recorder.reason).toBeUndefined();
    expect(peer.endpoint.counters.idleTimeouts).toBe(0);
  });
});
