import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Timed } from "../net/clock.ts";
import { drive } from "./drive.ts";

const clock = { now: () => performance.now() };

/** A machine that has things to do at given times, and notes when it did them. */
class Agenda implements Timed {
  due: number[] = [];
  readonly done: number[] = [];

  deadline(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.due);
  }

  advance(nowMs: number): void {
    this.done.push(...this.due.filter((at) => at <= nowMs));
    this.due = this.due.filter((at) => at > nowMs);
  }
}

describe("the drive", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("advances a machine at each of its deadlines, the first one without being woken", async () => {
    const agenda = new Agenda();
    const start = clock.now();
    agenda.due = [start + 50, start + 20];
    const driver = drive(agenda, clock);
    await vi.advanceTimersByTimeAsync(19);
    expect(agenda.done).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(agenda.done).toEqual([start + 20]);
    await vi.advanceTimersByTimeAsync(30);
    expect(agenda.done).toEqual([start + 20, start + 50]);
    driver.close();
  });

  it("sees an earlier deadline when it is woken, and a later one by itself", async () => {
    const agenda = new Agenda();
    const start = clock.now();
    agenda.due = [start + 100];
    const driver = drive(agenda, clock);
    await vi.advanceTimersByTimeAsync(0);
    agenda.due = [start + 10];
    driver.wake();
    await vi.advanceTimersByTimeAsync(10);
    expect(agenda.done).toEqual([start + 10]);
    agenda.due = [start + 30];
    driver.wake();
    await vi.advanceTimersByTimeAsync(0);
    agenda.due = [start + 40];
    await vi.advanceTimersByTimeAsync(29);
    expect(agenda.done).toEqual([start + 10]);
    await vi.advanceTimersByTimeAsync(1);
    expect(agenda.done).toEqual([start + 10, start + 40]);
    driver.close();
  });

  it("sets one timer however often it is woken, and none when there is nothing to wait for", async () => {
    const agenda = new Agenda();
    const driver = drive(agenda, clock);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    agenda.due = [clock.now() + 10];
    const deadline = vi.spyOn(agenda, "deadline");
    for (let count = 0; count < 100; count++) driver.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    expect(deadline).toHaveBeenCalledTimes(1);
    driver.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("sleeps on when a deadline lies further away than a timer can", async () => {
    const agenda = new Agenda();
    const far = clock.now() + 2 ** 31 + 5000;
    agenda.due = [far];
    const driver = drive(agenda, clock);
    await vi.advanceTimersByTimeAsync(2 ** 31 + 4999);
    expect(agenda.done).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(agenda.done).toEqual([far]);
    driver.close();
  });

  it("does nothing once it is closed", async () => {
    const agenda = new Agenda();
    agenda.due = [clock.now() + 10];
    const driver = drive(agenda, clock);
    await vi.advanceTimersByTimeAsync(0);
    driver.close();
    driver.wake();
    await vi.advanceTimersByTimeAsync(100);
    expect(agenda.done).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
