import { describe, expect, test } from "vitest";
import { ISS, PEER_ISS, PORT, ScriptedPeer } from "./scripted-peer.ts";
import { LEFT, Recorder, RIGHT, SimulatedLink } from "./simulated-link.ts";
import { ACK, FIN, NO_OPTIONS, RST, SYN, serializeSegment } from "./wire.ts";

describe("a handshake", () => {
  test("is answered with the options that were offered, and no others", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0, options: { maximumSegmentSize: 1400, windowScale: 7 } });
    const [synAck] = peer.takeSegments();
    expect(synAck?.flags).toBe(SYN | ACK);
    expect(synAck?.options).toEqual({
      maximumSegmentSize: 1460,
      windowScale: 3,
      sackPermitted: false,
      sackBlocks: [],
      timestamps: undefined,
    });
  });

  test("offers no window scale to a peer that knows none, and never announces more than 64 KiB to it", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    peer.send({});
    peer.send({ payload: new Uint8Array(10) });
    peer.send({ seq: 11, payload: new Uint8Array(10) });
    const segments = peer.takeSegments();
    expect(segments.map(({ options }) => options.windowScale)).toEqual([undefined, undefined]);
    expect(segments[1]?.window).toBe(65535);
  });

  test("scales the window that the peer announces, except that of its SYN", () => {
    const peer = new ScriptedPeer();
    const stream = peer.open({ windowScale: 2 }, 100);
    peer.take();
    stream.write(new Uint8Array(1000));
    peer.pass(10);
    expect(peer.take()).toEqual(["ACK 1+400 ack 1"]);
  });

  test("repeats the SYN and ACK when its acknowledgment does not come, and gives up", () => {
    const peer = new ScriptedPeer({ handshakeTimeoutMs: 10_000 });
    peer.send({ flags: SYN, seq: 0 });
    peer.pass(30_000);
    expect(peer.take()).toEqual([
      "SYN ACK 0 ack 1",
      "SYN ACK 0 ack 1",
      "SYN ACK 0 ack 1",
      "SYN ACK 0 ack 1",
      "RST ACK 1 ack 1",
    ]);
    expect(peer.endpoint.counters).toMatchObject({ flowsOpen: 0, handshakeTimeouts: 1 });
  });

  test("answers a repeated SYN with the same SYN and ACK", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    peer.send({ flags: SYN, seq: 0 });
    expect(peer.take()).toEqual(["SYN ACK 0 ack 1", "SYN ACK 0 ack 1"]);
    expect(peer.endpoint.counters.flowsOpened).toBe(1);
  });

  test("refuses an acknowledgment of something that was never sent", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    peer.take();
    peer.send({ ack: 500 });
    expect(peer.take()).toEqual(["RST 500"]);
    expect(peer.stream).toBe(undefined);
  });

  test("calls the service only when it is complete", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    expect(peer.stream).toBe(undefined);
    peer.send({});
    expect(peer.stream).toBeDefined();
  });

  test("takes data and a FIN that come with its last segment", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    peer.take();
    peer.send({ flags: ACK | FIN, payload: Uint8Array.of(1, 2, 3) });
    expect(peer.take()).toEqual(["ACK 1 ack 5"]);
    expect([...peer.recorder.bytes()]).toEqual([1, 2, 3]);
    expect(peer.recorder.ended).toBe(true);
  });

  test("is forgotten when the peer resets it", () => {
    const peer = new ScriptedPeer();
    peer.send({ flags: SYN, seq: 0 });
    peer.send({ flags: RST, seq: 1 });
    expect(peer.endpoint.counters.flowsOpen).toBe(0);
  });
});

describe("the bounds of an endpoint", () => {
  const synFrom = (source: number, sourcePort: number) =>
    serializeSegment(
      {
        sourcePort,
        destinationPort: PORT,
        sequence: 1,
        acknowledgment: 0,
        flags: SYN,
        window: 65535,
        options: NO_OPTIONS,
        payload: new Uint8Array(0),
      },
      source,
      LEFT,
    );

  test("give up the oldest half-open flow of a peer for a new one", () => {
    const peer = new ScriptedPeer({ maxHalfOpenPerPeer: 2 });
    for (const port of [1001, 1002, 1003]) peer.send({ flags: SYN, seq: 0, port });
    expect(peer.take()).toEqual(Array(3).fill("SYN ACK 0 ack 1"));
    const { counters } = peer.endpoint;
    expect([counters.dropped.halfOpenFull, counters.flowsOpen]).toEqual([1, 2]);
    peer.send({ port: 1001 });
    expect(peer.take()).toEqual(["RST 1"]);
    expect(peer.stream).toBeUndefined();
    peer.send({ port: 1002 });
    expect(peer.stream).toBeDefined();
    // It is open now, and no longer in the way.
    peer.send({ flags: SYN, seq: 0, port: 1004 });
    expect([counters.dropped.halfOpenFull, counters.flowsOpen]).toEqual([1, 3]);
  });

  test("leave a peer its half-open flows while another floods", () => {
    const link = new SimulatedLink();
    const flooder = RIGHT + 1;
    const left = link.endpoint(LEFT, { maxHalfOpenPerPeer: 8 });
    const opened: string[] = [];
    left.listen(PORT, (_, { address }) => {
      opened.push(address === RIGHT ? "neighbour" : "flooder");
      return new Recorder();
    });
    const right = link.endpoint(RIGHT);
    right.connect({ address: LEFT, port: PORT }, new Recorder());
    for (let port = 1; port <= 1000; port++) {
      left.receive(flooder, synFrom(flooder, port));
    }
    link.run(10);
    expect(opened).toEqual(["neighbour"]);
    expect(left.counters.flowsOpen).toBe(1 + 8);
    expect(left.counters.dropped.halfOpenFull).toBe(1000 - 8);
  });

  test("hold for all peers together", () => {
    const link = new SimulatedLink();
    const left = link.endpoint(LEFT, { maxHalfOpen: 10 });
    left.listen(PORT, () => new Recorder());
    for (let host = 1; host <= 100; host++) {
      left.receive(RIGHT + host, synFrom(RIGHT + host, 5000));
    }
    link.run(10);
    expect([left.counters.flowsOpen, left.counters.dropped.halfOpenFull]).toEqual([10, 90]);
  });

  test("refuse a flow over the bound, and take one again when another is gone", () => {
    const peer = new ScriptedPeer({ maxFlowsPerPeer: 1 });
    peer.send({ flags: SYN, seq: 0, port: 1001 });
    peer.send({ flags: SYN, seq: 0, port: 1002 });
    peer.send({ flags: RST, seq: 1, port: 1001 });
    peer.send({ flags: SYN, seq: 0, port: 1002 });
    expect(peer.take()).toEqual(["SYN ACK 0 ack 1", `RST ACK ${2 ** 32 - ISS} ack 1`, "SYN ACK 0 ack 1"]);
    expect(peer.endpoint.counters.flowsRefused).toBe(1);
  });
});

describe("a segment for which there is no flow", () => {
  const toPort = (destinationPort: number, flags: number, payload = new Uint8Array(0)) =>
    serializeSegment(
      {
        sourcePort: 5,
        destinationPort,
        sequence: PEER_ISS,
        acknowledgment: flags & ACK ? 77 : 0,
        flags,
        window: 0,
        options: {
          maximumSegmentSize: undefined,
          windowScale: undefined,
          sackPermitted: false,
          sackBlocks: [],
          timestamps: undefined,
        },
        payload,
      },
      RIGHT,
      LEFT,
    );

  test("is answered with RST and ACK when it opens, with a RST when it acknowledges, and not at all when it is a RST", () => {
    const peer = new ScriptedPeer();
    peer.endpoint.receive(RIGHT, toPort(9, SYN));
    peer.endpoint.receive(RIGHT, toPort(9, ACK, new Uint8Array(10)));
    peer.endpoint.receive(RIGHT, toPort(9, RST));
    peer.endpoint.receive(RIGHT, toPort(9, RST | ACK));
    peer.pass(10);
    const answers = peer
      .takeSegments()
      .map(({ flags, sequence, acknowledgment }) => [flags, sequence, acknowledgment]);
    expect(answers).toEqual([
      [RST | ACK, 0, (PEER_ISS + 1) >>> 0],
      [RST, 77, 0],
    ]);
    expect(peer.endpoint.counters).toMatchObject({ unknownFlows: 4, resetsOut: 2, flowsOpened: 0 });
  });

  test("is dropped and counted when it is malformed or damaged", () => {
    const peer = new ScriptedPeer();
    const damaged = toPort(10809, SYN);
    damaged[4]! ^= 1;
    peer.endpoint.receive(RIGHT, damaged);
    peer.endpoint.receive(RIGHT, new Uint8Array(7));
    peer.pass(10);
    expect(peer.take()).toEqual([]);
    expect(peer.endpoint.counters.dropped).toMatchObject({ checksum: 1, malformed: 1 });
  });
});

describe("an active open", () => {
  test("is refused by a peer without a service", () => {
    const link = new SimulatedLink();
    const left = link.endpoint(LEFT);
    link.endpoint(RIGHT);
    const recorder = new Recorder();
    left.connect({ address: RIGHT, port: 80 }, recorder);
    link.settle();
    expect(recorder.reason).toBe("refused");
    expect(left.counters.flowsOpen).toBe(0);
  });

  test("times out when nobody answers", () => {
    const link = new SimulatedLink(() => []);
    const left = link.endpoint(LEFT, { handshakeTimeoutMs: 20_000 });
    const recorder = new Recorder();
    left.connect({ address: RIGHT, port: 80 }, recorder);
    link.settle();
    expect(recorder.reason).toBe("timed-out");
    expect(link.sent.filter(({ segment }) => segment.flags === SYN).length).toBe(5);
  });

  test("meets an open from the other side (RFC 9293, figure 8)", () => {
    const link = new SimulatedLink(() => [5]);
    // A service may hold a port that the random choice lands on: here both choose the port that the other connects to.
    const chooses = (port: number) => (length: number) =>
      length === 2 ? Uint8Array.of((port - 49152) >>> 8, port - 49152) : new Uint8Array(length).fill(3);
    const left = link.endpoint(LEFT, {}, chooses(50_001));
    const right = link.endpoint(RIGHT, {}, chooses(50_002));
    const [atLeft, atRight] = [new Recorder(), new Recorder()];
    const fromLeft = left.connect({ address: RIGHT, port: 50_002 }, atLeft);
    const fromRight = right.connect({ address: LEFT, port: 50_001 }, atRight);
    fromLeft.write(Uint8Array.of(1));
    fromRight.write(Uint8Array.of(2));
    fromLeft.end();
    fromRight.end();
    link.settle();
    expect([atLeft.reason, atRight.reason]).toEqual(["finished", "finished"]);
    expect([[...atLeft.bytes()], [...atRight.bytes()]]).toEqual([[2], [1]]);
  });
});
