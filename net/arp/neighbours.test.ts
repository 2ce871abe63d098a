import { describe, expect, it } from "vitest";
import { bytes, fakeClock } from "../ethernet/fixture.ts";
import { NeighbourTable } from "./neighbours.ts";

function table(bounds: { capacity?: number; pendingAddresses?: number; pendingFrames?: number } = {}) {
  const clock = fakeClock();
  const requests: number[] = [];
  const sent: [string, number][] = [];
  const neighbours = new NeighbourTable({
    clock,
    request: (address) => requests.push(address),
    resolved: (frame, mac) => sent.push([frame.join(), mac]),
    ...bounds,
  });
  const pass = (ms: number) => {
    clock.nowMs += ms;
    neighbours.advance(clock.nowMs);
  };
  return { neighbours, clock, requests, sent, pass };
}

describe("the neighbour table", () => {
  it("holds frames until their address is known, then sends them in order", () => {
    const { neighbours, requests, sent } = table();
    neighbours.hold(1, bytes("01"));
    neighbours.hold(1, bytes("02"));
    neighbours.hold(2, bytes("03"));
    expect(requests).toEqual([1, 2]);
    neighbours.learn(1, 0xaa);
    expect(sent).toEqual([
      ["1", 0xaa],
      ["2", 0xaa],
    ]);
    expect(neighbours.lookup(1)).toBe(0xaa);
    expect(neighbours.lookup(2)).toBeUndefined();
  });

  it("asks three times, a second apart, then gives up and counts what it dropped", () => {
    const { neighbours, clock, requests, pass } = table();
    neighbours.hold(1, bytes("01"));
    expect(neighbours.deadline()).toBe(clock.nowMs + 1000);
    pass(999);
    expect(requests).toHaveLength(1);
    pass(1);
    pass(1000);
    expect(requests).toHaveLength(3);
    pass(1000);
    expect(requests).toHaveLength(3);
    expect(neighbours.counters.unresolvedDropped).toBe(1);
    expect(neighbours.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it("drops the oldest frame of a queue that is full", () => {
    const { neighbours, sent } = table({ pendingFrames: 2 });
    for (const field of ["01", "02", "03"]) neighbours.hold(1, bytes(field));
    neighbours.learn(1, 0xaa);
    expect(sent.map(([frame]) => frame)).toEqual(["2", "3"]);
    expect(neighbours.counters.pendingDropped).toBe(1);
  });

  it("drops the new frame when too many addresses are asked for", () => {
    const { neighbours, requests } = table({ pendingAddresses: 2 });
    for (const address of [1, 2, 3]) neighbours.hold(address, bytes("01"));
    expect(requests).toEqual([1, 2]);
    expect(neighbours.counters.pendingDropped).toBe(1);
  });

  it("forgets the neighbour that it learned first when it is full", () => {
    const { neighbours } = table({ capacity: 2 });
    for (const address of [1, 2, 3]) neighbours.learn(address, address);
    expect([1, 2, 3].map((address) => neighbours.lookup(address))).toEqual([undefined, 2, 3]);
    expect(neighbours.counters.evicted).toBe(1);
  });

  it("forgets who was silent for ten minutes, and believes the latest word", () => {
    const { neighbours, clock } = table();
    neighbours.learn(1, 0xaa);
    clock.nowMs += 600_000;
    expect(neighbours.lookup(1)).toBe(0xaa);
    neighbours.learn(1, 0xbb);
    clock.nowMs += 600_000;
    expect(neighbours.lookup(1)).toBe(0xbb);
    clock.nowMs += 1;
    expect(neighbours.lookup(1)).toBeUndefined();
  });
});
