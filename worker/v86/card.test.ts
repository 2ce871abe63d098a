import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cardOf } from "./card.ts";
import type { Internals, Ne2k } from "./internals.ts";

function internalsWith(devices: object) {
  const delivered: [string, unknown][] = [];
  const internals = {
    bus: { send: (name: string, value: unknown) => delivered.push([name, value]) },
    v86: { cpu: { devices } },
  } as unknown as Internals;
  return { card: cardOf(internals), delivered };
}

describe("the virtio card", () => {
  const queue = {
    enabled: true,
    desc_addr: 0x1000,
    avail_addr: 0x2000,
    used_addr: 0x3000,
    count_requests: () => 1,
  };
  const virtio = (changes: object = {}, status = 4) => ({
    virtio_net: { virtio: { queues: [{ ...queue, ...changes }], device_status: status } },
  });

  it("is ready when its queue has its three rings and the driver says so", () => {
    expect(internalsWith(virtio()).card.ready()).toBe(true);
    expect(internalsWith(virtio({}, 0x0f)).card.ready()).toBe(true);
  });

  it.each([
    ["a queue that is not enabled", virtio({ enabled: false })],
    ["no descriptor table", virtio({ desc_addr: 0 })],
    ["no available ring", virtio({ avail_addr: 0 })],
    ["no used ring", virtio({ used_addr: 0 })],
    ["a driver that is still at it", virtio({}, 0x0b)],
  ])("is not ready with %s", (_name, devices) => {
    expect(internalsWith(devices).card.ready()).toBe(false);
  });

  it("has room while the driver offers buffers", () => {
    expect(internalsWith(virtio()).card.hasRoomFor(1514)).toBe(true);
    expect(internalsWith(virtio({ count_requests: () => 0 })).card.hasRoomFor(60)).toBe(false);
  });

  it("gets its frames as v86 wants them", () => {
    const { card, delivered } = internalsWith(virtio());
    const frame = new Uint8Array(60);
    card.deliver(frame);
    expect(delivered).toEqual([["net0-receive", frame]]);
  });
});

/** v86's own bookkeeping of the ring (src/ne2k.js, receive): the pages of a frame, and where the next one goes. */
class Ring implements Ne2k {
  cr = 0x22;
  pstart = 0x4c;
  pstop = 0x80;
  curpg = 0x4d;
  readonly mac = new Uint8Array(6);
  readonly memory = new Uint8Array(0x8000);
  boundary = 0x4d;
  readonly frames: number[] = [];

  receive(lengthBytes: number): "taken" | "dropped" | "looks-empty" {
    const needed = 1 + ((Math.max(60, lengthBytes) + 4) >> 8);
    const available =
      this.boundary > this.curpg
        ? this.boundary - this.curpg
        : this.pstop - this.curpg + this.boundary - this.pstart;
    if (available < needed) return "dropped";
    this.curpg += needed;
    if (this.curpg >= this.pstop) this.curpg += this.pstart - this.pstop;
    this.frames.push(needed);
    return this.curpg === this.boundary ? "looks-empty" : "taken";
  }

  guestReads(): void {
    const pages = this.frames.shift();
    if (pages === undefined) return;
    this.boundary += pages;
    if (this.boundary >= this.pstop) this.boundary += this.pstart - this.pstop;
  }
}

describe("the ne2k card", () => {
  it("is not ready while it is stopped", () => {
    const ring = new Ring();
    const { card } = internalsWith({ net: ring });
    expect(card.ready()).toBe(true);
    ring.cr = 0x21;
    expect(card.ready()).toBe(false);
  });

  it("takes about eight full frames", () => {
    const ring = new Ring();
    const { card } = internalsWith({ net: ring });
    let taken = 0;
    while (card.hasRoomFor(1514)) {
      ring.receive(1514);
      taken += 1;
    }
    expect(taken).toBe(8);
  });

  it("never drops a frame for which it said that it had room, nor fills the ring to where it looks empty", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 14, max: 1514 }), fc.constant("read" as const)), {
          maxLength: 500,
        }),
        (steps) => {
          const ring = new Ring();
          const { card } = internalsWith({ net: ring });
          for (const step of steps) {
            if (step === "read") ring.guestReads();
            else if (card.hasRoomFor(step)) expect(ring.receive(step)).toBe("taken");
            else expect(ring.frames.length).toBeGreaterThan(0);
          }
        },
      ),
    );
  });
});
