import { describe, expect, it } from "vitest";
import { serializeEthernet } from "../ethernet/ethernet.ts";
import { fakeClock } from "../ethernet/fixture.ts";
import { BROADCAST_MAC } from "../ethernet/mac.ts";
import { Segment, type SegmentOptions } from "./segment.ts";

/** A segment with a port for each of the stations 1, 2 and 3, and what each was sent. */
function lab(options: Omit<SegmentOptions, "clock"> = {}) {
  const clock = fakeClock();
  const segment = new Segment({ clock, ...options });
  const heard: Record<number, Uint8Array[]> = { 1: [], 2: [], 3: [] };
  const port = (station: number) => segment.attach((frame) => heard[station]!.push(frame));
  const ports = { 1: port(1), 2: port(2), 3: port(3) };
  const counts = () => [heard[1]!.length, heard[2]!.length, heard[3]!.length];
  return { clock, segment, ports, heard, counts };
}

function frame(source: number, destination: number): Uint8Array {
  return serializeEthernet({ source, destination, type: 0x0800, payload: new Uint8Array(46) });
}

describe("the segment", () => {
  it("floods a frame for a station that it does not know, but not back", () => {
    const { segment, ports, counts } = lab();
    ports[1].send(frame(1, 2));
    expect(counts()).toEqual([0, 1, 1]);
    expect(segment.counters.flooded).toBe(1);
  });

  it("sends a frame only where its station was heard", () => {
    const { segment, ports, heard, counts } = lab();
    ports[2].send(frame(2, BROADCAST_MAC));
    const sent = frame(1, 2);
    ports[1].send(sent);
    expect(counts()).toEqual([1, 1, 1]);
    // The frame itself, not a copy.
    expect(heard[2]![0]).toBe(sent);
    expect(segment.counters.flooded).toBe(0);
  });

  it("floods broadcast and multicast, always", () => {
    const { ports, counts } = lab();
    ports[1].send(frame(1, BROADCAST_MAC));
    ports[1].send(frame(1, 0x01005e000001));
    expect(counts()).toEqual([0, 2, 2]);
  });

  it("keeps a frame for a station behind the port that it came from", () => {
    const { segment, ports, counts } = lab();
    ports[1].send(frame(1, BROADCAST_MAC));
    ports[1].send(frame(4, 1));
    expect(counts()).toEqual([0, 1, 1]);
    expect(segment.counters.filtered).toBe(1);
  });

  it("follows a station that moves", () => {
    const { ports, counts } = lab();
    ports[2].send(frame(2, BROADCAST_MAC));
    ports[3].send(frame(2, BROADCAST_MAC));
    ports[1].send(frame(1, 2));
    expect(counts()).toEqual([2, 1, 2]);
  });

  it("forgets a station that was silent for five minutes", () => {
    const { clock, ports, counts } = lab();
    ports[2].send(frame(2, BROADCAST_MAC));
    clock.nowMs += 300_000;
    ports[1].send(frame(1, 2));
    expect(counts()).toEqual([1, 1, 1]);
    clock.nowMs += 1;
    ports[1].send(frame(1, 2));
    expect(counts()).toEqual([1, 2, 2]);
  });

  it("neither sends to a port that was pulled nor takes anything from it", () => {
    const { segment, ports, counts } = lab();
    ports[2].send(frame(2, BROADCAST_MAC));
    ports[2].detach();
    ports[1].send(frame(1, 2));
    ports[2].send(frame(2, 1));
    ports[2].detach();
    expect(counts()).toEqual([1, 0, 2]);
    expect(segment.portCount).toBe(2);
  });

  it("remembers a bounded number of stations, and forgets the one learned first", () => {
    const { segment, ports, counts } = lab({ capacity: 2 });
    for (const station of [2, 4, 5]) ports[2].send(frame(station, BROADCAST_MAC));
    expect(segment.counters.evicted).toBe(1);
    const before = counts();
    ports[1].send(frame(5, 4));
    ports[1].send(frame(5, 2));
    expect(counts()).toEqual([before[0], before[1]! + 2, before[2]! + 1]);
  });

  it("counts what is no frame, and delivers it to nobody", () => {
    const { ports, counts } = lab();
    ports[1].send(new Uint8Array(13));
    ports[1].send(frame(BROADCAST_MAC, 2));
    expect(counts()).toEqual([0, 0, 0]);
    expect(ports[1].counters).toMatchObject({ receivedFrames: 2, malformed: 2 });
  });

  it("counts what goes through each port", () => {
    const { ports } = lab();
    ports[1].send(frame(1, BROADCAST_MAC));
    expect(ports[1].counters).toMatchObject({ receivedFrames: 1, receivedBytes: 60, sentFrames: 0 });
    expect(ports[2].counters).toMatchObject({ receivedFrames: 0, sentFrames: 1, sentBytes: 60 });
  });

  it("sends a frame to one port only where that is asked for, and learns whose it is", () => {
    const { segment, ports, counts } = lab();
    ports[1].sendTo(ports[3], frame(1, BROADCAST_MAC));
    expect(counts()).toEqual([0, 0, 1]);
    ports[2].send(frame(2, 1));
    expect(counts()).toEqual([1, 0, 1]);
    ports[3].detach();
    ports[1].sendTo(ports[3], frame(1, 2));
    ports[1].sendTo(ports[2], new Uint8Array(13));
    expect(counts()).toEqual([1, 0, 1]);
    expect([segment.counters.flooded, ports[1].counters.malformed]).toEqual([0, 1]);
  });

  it("lets two stations converse while a frame is being delivered", () => {
    const segment = new Segment({ clock: fakeClock() });
    const heard: number[] = [];
    const asking = segment.attach((answer) => heard.push(answer.length));
    const answering = segment.attach(() => answering.send(frame(2, 1)));
    asking.send(frame(1, 2));
    expect(heard).toEqual([60]);
  });
});
