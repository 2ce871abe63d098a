import { describe, expect, test } from "vitest";
import type { Malformed } from "../ethernet/malformed.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import type { ByteStream, ByteStreamHandler } from "../stream/stream.ts";
import { LEFT, Recorder, RIGHT, SimulatedLink, seededBytes, writeAll } from "../tcp/simulated-link.ts";
import { ACK, NO_OPTIONS, parseSegment, RST, SYN, serializeSegment, type TcpSegment } from "../tcp/wire.ts";
import { Gateway } from "./gateway.ts";
import { type DialTarget, forward } from "./splice.ts";

/** A server behind the gateway: what was written to it, and a handle to answer with. */
class FakeServer implements ByteStream {
  readonly target: DialTarget;
  readonly handler: ByteStreamHandler;
  readonly written: Uint8Array[] = [];
  calls: string[] = [];
  full = false;

  constructor(target: DialTarget, handler: ByteStreamHandler) {
    this.target = target;
    this.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return !this.full;
  }

  end(): void {
    this.calls.push("end");
  }

  abort(): void {
    this.calls.push("abort");
    this.handler.closed("aborted");
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  octets(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }
}

function setUp() {
  const link = new SimulatedLink();
  const servers: FakeServer[] = [];
  const dial = (target: DialTarget, handler: ByteStreamHandler) => {
    const server = new FakeServer(target, handler);
    servers.push(server);
    return server;
  };
  const gateway = new Gateway({
    output: link.output(LEFT),
    clock: link,
    random: seededBytes(1),
    services: [{ port: 8080, service: forward(dial, { host: "web.example", port: 80 }) }],
    settings: { sendHighWater: 100_000, sendLowWater: 50_000, receiveWindow: 100_000 },
  });
  link.attach(LEFT, (source, bytes) => gateway.receive(source, bytes));
  link.drive(gateway);
  const guest = link.endpoint(RIGHT);
  const recorder = new Recorder();
  const connect = (port = 8080) => guest.connect({ address: LEFT, port }, recorder);
  return { link, gateway, servers, guest, recorder, connect };
}

describe("a gateway", () => {
  test("refuses what was for another address in that address's name, and dials nobody", () => {
    const { gateway, servers } = setUp();
    const elsewhere = 0xa9fea9fe; // 169.254.169.254
    const sent: (TcpSegment | Malformed)[] = [];
    const output: Ipv4Output = {
      address: elsewhere,
      mtu: 1500,
      send: (_protocol, to, length, fill) => {
        const bytes = new Uint8Array(length);
        fill(bytes, 0);
        sent.push(parseSegment(bytes, elsewhere, to));
      },
    };
    const segment = (flags: number) =>
      serializeSegment(
        {
          sourcePort: 4000,
          destinationPort: 8080,
          sequence: 7,
          acknowledgment: flags & ACK ? 99 : 0,
          flags,
          window: 0,
          options: NO_OPTIONS,
          payload: new Uint8Array(0),
        },
        RIGHT,
        elsewhere,
      );
    gateway.refuse(output, RIGHT, segment(SYN));
    gateway.refuse(output, RIGHT, segment(ACK));
    gateway.refuse(output, RIGHT, segment(RST));
    gateway.refuse(output, RIGHT, new Uint8Array(3));
    expect(sent).toMatchObject([
      { flags: RST | ACK, acknowledgment: 8, sourcePort: 8080 },
      { flags: RST, sequence: 99, sourcePort: 8080 },
    ]);
    expect(servers).toEqual([]);
    expect(gateway.counters).toMatchObject({ unknownFlows: 3, resetsOut: 2, dropped: { malformed: 1 } });
  });

  test("resets the connections of a guest that is gone, and those of no other", () => {
    const { link, gateway, servers, recorder, connect } = setUp();
    connect();
    connect();
    link.run(100);
    gateway.leave(RIGHT + 1);
    expect(gateway.counters.flowsOpen).toBe(2);
    gateway.leave(RIGHT);
    expect(gateway.counters.flowsOpen).toBe(0);
    expect(servers.map(({ calls }) => calls)).toEqual([["abort"], ["abort"]]);
    link.run(100);
    expect(recorder.reason).toBe("reset");
  });
});

describe("a forward", () => {
  test("dials the declared target once a guest has connected, and passes bytes both ways", () => {
    const { link, servers, recorder, connect } = setUp();
    const stream = connect();
    stream.write(Uint8Array.of(1, 2, 3));
    link.run(100);
    const [server] = servers;
    expect(server?.target).toEqual({ host: "web.example", port: 80 });
    expect(server?.written.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
    server?.handler.data(Uint8Array.of(4, 5));
    link.run(100);
    expect([...recorder.bytes()]).toEqual([4, 5]);
  });

  test("passes each end through by itself", () => {
    const { link, servers, recorder, gateway, connect } = setUp();
    connect().end();
    link.run(100);
    const server = servers[0]!;
    expect(server.calls).toEqual(["end"]);
    server.handler.data(new Uint8Array(5000));
    link.run(100);
    expect(recorder.bytes().length).toBe(5000);
    server.handler.end();
    server.handler.closed("finished");
    link.run(100);
    expect(recorder.reason).toBe("finished");
    expect(gateway.counters.flowsOpen).toBe(0);
    expect(server.calls).toEqual(["end"]);
  });

  test("pauses the server while the guest does not read, and loses nothing", () => {
    const { link, servers, recorder, connect } = setUp();
    const stream = connect();
    link.run(100);
    stream.pause();
    const server = servers[0]!;
    const sent = seededBytes(7)(1_000_000);
    let at = 0;
    while (server.calls.length === 0) {
      server.handler.data(sent.subarray(at, at + 10_000));
      at += 10_000;
      link.run(1);
    }
    expect(server.calls).toEqual(["pause"]);
    expect(at).toBeLessThan(600_000);
    link.run(10_000);
    expect(server.calls).toEqual(["pause"]);
    stream.resume();
    link.run(10_000);
    expect(server.calls).toEqual(["pause", "resume"]);
    server.handler.data(sent.subarray(at));
    link.run(20_000);
    expect(Buffer.compare(recorder.bytes(), sent)).toBe(0);
  });

  test("pauses the guest while the server's queue is full", () => {
    const { link, servers, recorder, connect } = setUp();
    const stream = connect();
    link.run(100);
    const server = servers[0]!;
    server.full = true;
    writeAll(stream, recorder, new Uint8Array(500_000));
    link.run(10_000);
    expect(server.octets()).toBeLessThan(5_000);
    server.full = false;
    server.handler.drained();
    link.run(10_000);
    expect(server.octets()).toBe(500_000);
  });

  test("resets the guest when the server breaks", () => {
    const { link, servers, recorder, gateway, connect } = setUp();
    connect();
    link.run(100);
    servers[0]!.handler.closed("refused");
    link.run(100);
    expect(recorder.reason).toBe("reset");
    expect(gateway.counters.flowsOpen).toBe(0);
  });

  test("resets the server when the guest breaks", () => {
    const { link, servers, connect } = setUp();
    const stream = connect();
    link.run(100);
    stream.abort();
    link.run(100);
    expect(servers[0]!.calls).toEqual(["abort"]);
  });
});

test("a gateway refuses and counts what is not declared, and dials nothing for it", () => {
  const { link, servers, recorder, gateway, connect } = setUp();
  connect(80);
  link.run(100);
  expect(recorder.reason).toBe("refused");
  expect(gateway.counters).toMatchObject({ unknownFlows: 1, resetsOut: 1, flowsOpened: 0 });
  expect(servers).toEqual([]);
});

test("a gateway that closes resets guests and servers", () => {
  const { link, servers, recorder, gateway, connect } = setUp();
  connect();
  link.run(100);
  gateway.close();
  link.run(100);
  expect(recorder.reason).toBe("reset");
  expect(servers[0]!.calls).toEqual(["abort"]);
  expect(gateway.deadline()).toBe(Number.POSITIVE_INFINITY);
});
