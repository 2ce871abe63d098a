import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { After } from "../clock.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import type { FrameSink } from "../segment/frame.ts";
import { seededRandom } from "../tcp/simulated-link.ts";
import { ataCommand } from "./ata-device.ts";
import { sectorsPerFrame } from "./ata-message.ts";
import { AoeStation } from "./station.ts";
import { AoeInitiator } from "./testing/initiator.ts";

const STATION: MacAddress = 0x026e72000002;
const CLIENT: MacAddress = 0x020000000a11;
const RETRY_MS = 200;

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Time, and a wire that loses, doubles and reorders frames in it. One event after the other; what they began is let finish. */
class BadWire {
  nowMs = 0;
  lost = 0;
  doubled = 0;
  #events: Event[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  readonly after: After = (ms, callback) => {
    const event = { at: this.nowMs + ms, run: callback };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  };

  /** 3 % of all frames are lost, 3 % come twice, each after 0.1 to 5 ms. */
  to(sink: FrameSink): FrameSink {
    return (frame) => {
      const fate = this.#random();
      const copies = fate < 0.03 ? 0 : fate < 0.06 ? 2 : 1;
      if (copies === 0) this.lost++;
      if (copies === 2) this.doubled++;
      for (let copy = 0; copy < copies; copy++) this.after(0.1 + this.#random() * 4.9, () => sink(frame));
    };
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    while (!over) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      const next = this.#events.reduce<Event | undefined>(
        (first, event) => (first === undefined || event.at < first.at ? event : first),
        undefined,
      );
      if (next === undefined) continue;
      this.#events = this.#events.filter((event) => event !== next);
      this.nowMs = next.at;
      next.run();
    }
    return work;
  }
}

function pattern(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(sizeBytes / 4);
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[at] = state;
  }
  return new Uint8Array(words.buffer);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function setUp(image: Uint8Array, mtu: number, seed: number) {
  const wire = new BadWire(seed);
  const station: AoeStation = new AoeStation({
    mac: STATION,
    mtu,
    transmit: wire.to((frame) => initiator.receive(frame)),
  });
  const initiator: AoeInitiator = new AoeInitiator({
    mac: CLIENT,
    transmit: wire.to((frame) => station.receive(frame)),
    after: wire.after,
    retryMs: RETRY_MS,
  });
  station.add(
    { shelf: 0, slot: 1 },
    {
      name: "kisroot",
      sizeBytes: image.length,
      readOnly: false,
      description: "memory",
      read: async (offset, length) => image.slice(offset, offset + length),
      write: async (offset, bytes) => image.set(bytes, offset),
    },
  );
  return { wire, station, initiator, sectors: sectorsPerFrame(mtu) };
}

describe("over a wire that loses, doubles and reorders frames", () => {
  it.each([
    [64, 9000],
    [4, 1500],
  ])("an image of %i MB is read whole at an MTU of %i", async (megabytes, mtu) => {
    const image = pattern(megabytes << 20, megabytes);
    const { wire, initiator, sectors } = setUp(image, mtu, mtu);
    const hash = createHash("sha256");
    const work = initiator
      .discover()
      .then((target) => initiator.readAll(target, { sectors, depth: 16 }, (bytes) => hash.update(bytes)));
    await wire.run(work);
    expect(hash.digest("hex")).toBe(sha256(image));
    expect(wire.lost).toBeGreaterThan(100);
    expect(wire.doubled).toBeGreaterThan(100);
    expect(initiator.resent).toBeGreaterThan(100);
  });

  it("an image is written whole", async () => {
    const wanted = pattern(4 << 20, 7);
    const image = new Uint8Array(wanted.length);
    const { wire, station, initiator, sectors } = setUp(image, 9000, 7);
    const write = async () => {
      const target = await initiator.discover();
      const underWay: Promise<unknown>[] = [];
      for (let lba = 0; lba < wanted.length / 512; lba += sectors) {
        const data = wanted.slice(lba * 512, (lba + sectors) * 512);
        const request = { command: ataCommand.writeSectorsExt, lba, sectors: data.length / 512, data };
        underWay.push(initiator.ata(target, request));
        if (underWay.length >= 16) await underWay.shift();
      }
      await Promise.all(underWay);
    };
    await wire.run(write());
    expect(sha256(image)).toBe(sha256(wanted));
    expect(initiator.resent).toBeGreaterThan(10);
    expect(station.counters.busy).toBe(0);
  });
});
