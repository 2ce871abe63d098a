import { describe, expect, it } from "vitest";
import type { Internals } from "./internals.ts";
import { takeTurns } from "./turns.ts";

const PAGING = 0x8000_0000 | 0;

/** A guest that does in each slice what it is told, and a clock that stands still unless it is moved. */
function lab() {
  const cpu = { cr: new Int32Array(8), in_hlt: new Uint8Array(1) };
  const main = {
    cpu,
    yield: (_ms: number, _tick: number) => {},
    yield_callback: (_tick: number) => {},
    unregister_yield: () => {},
  };
  const soon: (() => void)[] = [];
  const timers: { readonly ms: number; readonly run: () => void; cancelled: boolean }[] = [];
  let nowMs = 0;
  let unread = false;
  let slices = 0;
  let act: () => void = () => {};
  const turns = takeTurns({
    card: { hasUnread: () => unread },
    internals: { v86: main } as unknown as Internals,
    turns: { soon: (callback) => soon.push(callback), close: () => {} },
    after: (ms, run) => {
      const timer = { ms, run, cancelled: false };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
    clock: { now: () => nowMs },
    slice: (resume) => resume(),
  });
  main.yield_callback = (tick) => {
    slices++;
    nowMs += 1;
    act();
    main.yield(cpu.in_hlt[0] === 1 ? 20 : 0, tick + 1);
  };
  return {
    cpu,
    turns,
    timers,
    /** How many slices the guest runs in the next turn, doing this in each. */
    turn(does: () => void = () => {}): number {
      slices = 0;
      act = does;
      const due = soon.splice(0);
      for (const callback of due) callback();
      return slices;
    },
    begin: () => main.yield(0, 0),
    setUnread(value: boolean) {
      unread = value;
    },
    waiting: () => timers.filter(({ cancelled }) => !cancelled),
  };
}

describe("a guest without paging", () => {
  it("stands still from the frame that it sends in answer to one, until it is given the next", () => {
    const pc = lab();
    pc.begin();
    expect(pc.turn()).toBe(4);
    pc.turns.given();
    expect(pc.turn(() => pc.turns.sent())).toBe(1);
    expect(pc.cpu.in_hlt[0]).toBe(0);
    expect(pc.turn()).toBe(0);
    expect(pc.waiting()).toHaveLength(1);
    pc.turns.given();
    expect(pc.waiting()).toHaveLength(0);
    expect(pc.turn()).toBe(4);
  });

  it("goes on without an answer when there is none for two milliseconds", () => {
    const pc = lab();
    pc.begin();
    pc.turns.given();
    pc.turn(() => pc.turns.sent());
    const [timer] = pc.waiting();
    expect(timer!.ms).toBe(2);
    timer!.run();
    expect(pc.turn()).toBe(4);
  });

  it.each([
    ["has asked nobody's answer", 0, false],
    ["has had several frames", 2, false],
    ["has more to read", 1, true],
  ])("runs on when it %s", (_when, given, unread) => {
    const pc = lab();
    pc.begin();
    pc.setUnread(unread);
    for (let count = 0; count < given; count++) pc.turns.given();
    expect(pc.turn(() => pc.turns.sent())).toBe(4);
    expect(pc.waiting()).toHaveLength(0);
  });
});

it("a guest with paging runs on, whatever it sends", () => {
  const pc = lab();
  pc.cpu.cr[0] = PAGING;
  pc.begin();
  pc.turns.given();
  expect(pc.turn(() => pc.turns.sent())).toBe(4);
  expect(pc.cpu.in_hlt[0]).toBe(0);
});
