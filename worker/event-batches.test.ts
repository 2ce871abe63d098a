import { describe, expect, it } from "vitest";
import { EventBatches } from "./event-batches.ts";
import type { MachineEvent } from "./interface.ts";
import { FakeTime } from "./testing/fake-time.ts";

function setUp(options: { gather?: () => MachineEvent[]; maxSerialBytes?: number } = {}) {
  const time = new FakeTime();
  const batches = new EventBatches({
    clock: time.clock,
    after: time.after,
    gather: options.gather ?? (() => []),
    ...(options.maxSerialBytes === undefined ? {} : { maxSerialBytes: options.maxSerialBytes }),
  });
  const seen: (readonly MachineEvent[])[] = [];
  return { time, batches, seen };
}

const download = (file: string, receivedBytes: number): MachineEvent => ({
  type: "download",
  file,
  receivedBytes,
});

describe("event batches", () => {
  it("come at most thirty times a second, whatever the guest does", () => {
    const { time, batches, seen } = setUp();
    batches.observe((events) => void seen.push(events), []);
    for (let ms = 0; ms < 1000; ms++) {
      for (let byte = 0; byte < 10; byte++) batches.pushSerial(0x61);
      time.pass(1);
    }
    time.pass(100);
    expect(seen.length).toBeLessThanOrEqual(32);
    expect(seen.length).toBeGreaterThan(25);
    const bytes = seen
      .flat()
      .reduce((sum, event) => sum + (event.type === "serial" ? event.bytes.length : 0), 0);
    expect(bytes).toBe(10_000);
  });

  it("carry only the last of events that tell a present state", () => {
    const { time, batches, seen } = setUp();
    batches.observe((events) => void seen.push(events), []);
    time.pass(100);
    batches.push(download("linux", 1));
    batches.push(download("initrd", 5));
    batches.push(download("linux", 2));
    time.pass(100);
    expect(seen.at(-1)).toEqual([download("initrd", 5), download("linux", 2)]);
  });

  it("keep every problem and every change of power, in order", () => {
    const { time, batches, seen } = setUp();
    batches.observe((events) => void seen.push(events), []);
    batches.push({ type: "power", state: "starting" });
    batches.push({ type: "power", state: "off" });
    time.pass(100);
    expect(seen.flat()).toEqual([
      { type: "power", state: "starting" },
      { type: "power", state: "off" },
    ]);
  });

  it("wait for an observer that has not finished with the one before", async () => {
    const { time, batches } = setUp();
    const finish: (() => void)[] = [];
    const seen: (readonly MachineEvent[])[] = [];
    batches.observe((events) => {
      seen.push(events);
      return new Promise<void>((resolve) => finish.push(resolve));
    }, []);
    batches.push({ type: "power", state: "starting" });
    time.pass(100);
    batches.push({ type: "power", state: "running" });
    time.pass(1000);
    expect(seen).toHaveLength(1);
    finish[0]!();
    await Promise.resolve();
    time.pass(100);
    expect(seen).toHaveLength(2);
  });

  it("drop the oldest console output for an observer that never finishes", () => {
    const { time, batches, seen } = setUp({ maxSerialBytes: 8192 });
    for (let index = 0; index < 20_000; index++) batches.pushSerial(index >> 12);
    batches.observe((events) => void seen.push(events), []);
    time.pass(100);
    const [event] = seen.flat();
    expect(event?.type).toBe("serial");
    if (event?.type !== "serial") return;
    expect(event.bytes.length + batches.droppedSerialBytes).toBe(20_000);
    expect(event.bytes.length).toBeLessThanOrEqual(8192 + 4096);
    expect(event.bytes.at(-1)).toBe(19_999 >> 12);
  });

  it("leave no timer behind when there is nothing to say", () => {
    const { time, batches, seen } = setUp();
    batches.observe((events) => void seen.push(events), [{ type: "power", state: "off" }]);
    time.pass(100);
    expect(seen).toHaveLength(1);
    expect(time.pendingTimers).toBe(0);
  });
});
