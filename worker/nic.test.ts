import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Card, Nic } from "./nic.ts";

/** A card with a ring of `slots` frames, whose guest takes them when told to. */
class RingCard implements Card {
  isReady = true;
  readonly ring: Uint8Array[] = [];
  readonly taken: number[] = [];
  overflows = 0;
  readonly slots: number;

  constructor(slots: number) {
    this.slots = slots;
  }

  ready(): boolean {
    return this.isReady;
  }

  hasRoomFor(): boolean {
    return this.ring.length < this.slots;
  }

  deliver(frame: Uint8Array): void {
    if (this.ring.length >= this.slots) this.overflows += 1;
    else this.ring.push(frame);
  }

  guestReads(count: number): void {
    for (const frame of this.ring.splice(0, count)) this.taken.push(frame[0]!);
  }
}

const frame = (first: number, length = 60) => new Uint8Array(length).fill(first);

describe("the NIC adapter", () => {
  it("lets a card without a driver hear nothing, and counts it", () => {
    const card = new RingCard(4);
    card.isReady = false;
    const nic = new Nic(card, { send: () => {} });
    nic.fromWire(frame(1));
    card.isReady = true;
    nic.drain();
    expect(card.ring).toEqual([]);
    expect(nic.counters).toMatchObject({ framesIn: 0, droppedNotReady: 1 });
  });

  it("forgets what waited when the driver goes away", () => {
    const card = new RingCard(1);
    const nic = new Nic(card, { send: () => {} });
    nic.fromWire(frame(1));
    nic.fromWire(frame(2));
    card.isReady = false;
    nic.drain();
    card.isReady = true;
    card.guestReads(1);
    nic.drain();
    expect(card.ring).toEqual([]);
    expect(nic.counters).toMatchObject({ framesIn: 1, droppedNotReady: 1 });
  });

  it("copies what the guest sends before it returns", () => {
    const sent: Uint8Array[] = [];
    const nic = new Nic(new RingCard(1), { send: (bytes) => sent.push(bytes) });
    const ring = frame(7);
    nic.fromGuest(ring);
    ring.fill(0);
    expect(sent).toEqual([frame(7)]);
    expect(nic.counters).toMatchObject({ framesOut: 1, bytesOut: 60 });
  });

  it("drops the newest frame when its queue is full, and goes on", () => {
    const card = new RingCard(1);
    const nic = new Nic(card, { send: () => {}, maxQueuedBytes: 120 });
    for (const first of [1, 2, 3, 4]) nic.fromWire(frame(first));
    expect(nic.counters.droppedQueueFull).toBe(1);
    for (let round = 0; round < 5; round++) {
      card.guestReads(1);
      nic.drain();
    }
    expect(card.taken).toEqual([1, 2, 3]);
  });

  it("never overflows the ring, and keeps the order, however the guest reads", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.oneof(fc.constant("frame" as const), fc.integer({ min: 0, max: 9 })), {
          maxLength: 2000,
        }),
        (slots, steps) => {
          const card = new RingCard(slots);
          const nic = new Nic(card, { send: () => {} });
          let sent = 0;
          for (const step of steps) {
            if (step === "frame") {
              nic.fromWire(frame(sent % 256));
              sent += 1;
            } else {
              card.guestReads(step);
              nic.drain();
            }
          }
          while (nic.queuedFrames > 0 || card.ring.length > 0) {
            card.guestReads(slots);
            nic.drain();
          }
          expect(card.overflows).toBe(0);
          expect(card.taken).toEqual(Array.from({ length: sent }, (_, index) => index % 256));
        },
      ),
    );
  });
});
