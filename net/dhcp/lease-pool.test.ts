import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../ethernet/fixture.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import { LeasePool } from "./lease-pool.ts";

const client = (name: string): MacAddress => 0x02_00_00_00_00_00 + name.charCodeAt(0);

function pool(last = 102) {
  const clock = fakeClock();
  return { clock, pool: new LeasePool({ clock, first: 100, last }) };
}

/** What the server does for a client that goes through DISCOVER and REQUEST. */
function bind(from: LeasePool, mac: MacAddress, wanted?: number): number | undefined {
  const address = from.choose(mac, wanted);
  if (address !== undefined) from.grant(mac, address, "bound", 1000);
  return address;
}

describe("the lease pool", () => {
  it("gives each client an address of its own, the same one each time", () => {
    const { pool: leases, clock } = pool();
    expect([bind(leases, client("a")), bind(leases, client("b")), bind(leases, client("a"))]).toEqual([
      100, 101, 100,
    ]);
    clock.nowMs += 10_000;
    expect(bind(leases, client("b"))).toBe(101);
  });

  it("gives the address that is asked for, if it is free and its own", () => {
    const { pool: leases } = pool();
    expect(bind(leases, client("a"), 102)).toBe(102);
    expect(bind(leases, client("b"), 102)).toBe(100);
    expect(bind(leases, client("c"), 99)).toBe(101);
  });

  it("takes the address that is unused for longest, once each was used, and none that is in use", () => {
    const { pool: leases, clock } = pool();
    for (const name of ["a", "b", "c"]) {
      bind(leases, client(name));
      clock.nowMs += 100;
    }
    expect(leases.choose(client("d"), undefined)).toBeUndefined();
    clock.nowMs += 850;
    bind(leases, client("a"));
    // b's lease is over, c's is not.
    expect(bind(leases, client("d"))).toBe(101);
    expect(leases.find(client("b"))).toBeUndefined();
    expect(leases.leases()).toHaveLength(3);
  });

  it("keeps a declined address from everybody, for a time", () => {
    const { pool: leases, clock } = pool();
    bind(leases, client("a"));
    leases.decline(leases.find(client("a"))!, 500);
    expect(bind(leases, client("a"), 100)).toBe(101);
    expect(leases.mayHave(client("b"), 100)).toBe(false);
    clock.nowMs += 500;
    expect(leases.mayHave(client("b"), 100)).toBe(true);
  });

  it("remembers who released an address until somebody else asks for it", () => {
    const { pool: leases } = pool();
    bind(leases, client("a"));
    leases.release(leases.find(client("a"))!);
    expect(bind(leases, client("b"))).toBe(101);
    expect(bind(leases, client("a"))).toBe(100);
    leases.release(leases.find(client("a"))!);
    expect(bind(leases, client("c"), 100)).toBe(100);
    expect(leases.find(client("a"))).toBeUndefined();
  });

  it("does not shorten a lease by an offer", () => {
    const { pool: leases, clock } = pool();
    bind(leases, client("a"));
    leases.grant(client("a"), 100, "offered", 10);
    expect(leases.find(client("a"))).toMatchObject({ state: "bound", expiresAtMs: clock.nowMs + 1000 });
  });

  it("gives a client one address at a time", () => {
    const { pool: leases } = pool();
    leases.grant(client("a"), 100, "bound", 1000);
    leases.grant(client("a"), 101, "bound", 1000);
    expect(leases.leases()).toMatchObject([{ address: 101 }]);
  });

  it("is the same after being written out and read back under another clock", () => {
    const { pool: leases, clock } = pool();
    bind(leases, client("a"));
    clock.nowMs += 400;
    bind(leases, client("b"));
    leases.decline(leases.find(client("b"))!, 300);
    const later = fakeClock();
    later.nowMs = 5;
    const state = JSON.parse(JSON.stringify(leases.save()));
    const restored = new LeasePool({ clock: later, first: 100, last: 102 }, state);
    expect(restored.save()).toEqual(leases.save());
    expect(restored.find(client("a"))).toMatchObject({ address: 100, expiresAtMs: 605 });
    expect(restored.isFree(101)).toBe(false);
  });

  it("reads back no second lease of a client or an address, and none beyond its range", () => {
    const lease = { state: "bound", remainingMs: 100 } as const;
    const leases = [
      { ...lease, mac: client("a"), address: 100 },
      { ...lease, mac: client("a"), address: 101 },
      { ...lease, mac: client("b"), address: 100 },
      { ...lease, mac: client("c"), address: 103 },
    ];
    const restored = new LeasePool({ clock: fakeClock(), first: 100, last: 102 }, { leases });
    expect(restored.leases()).toMatchObject([{ mac: client("a"), address: 100 }]);
    expect(restored.isFree(101)).toBe(true);
  });

  it("never gives two clients one address, whatever they do", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e");
    const step = fc.tuple(
      fc.constantFrom("bind", "offer", "release", "decline", "wait"),
      name,
      fc.integer({ min: 98, max: 105 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const { pool: leases, clock } = pool(103);
        for (const [action, who, address] of steps) {
          const identity = client(who);
          const lease = leases.find(identity);
          if (action === "bind") bind(leases, identity, address);
          else if (action === "offer" && leases.mayHave(identity, address)) {
            leases.grant(identity, address, "offered", 100);
          } else if (action === "release" && lease !== undefined) leases.release(lease);
          else if (action === "decline" && lease !== undefined) leases.decline(lease, 300);
          else clock.nowMs += 250;

          const live = leases.leases();
          expect(new Set(live.map((each) => each.address)).size).toBe(live.length);
          expect(live.length).toBeLessThanOrEqual(4);
          const clients = live.map((each) => each.mac).filter((each) => each !== undefined);
          expect(new Set(clients).size).toBe(clients.length);
          for (const known of ["a", "b", "c", "d", "e"]) {
            expect(leases.find(client(known))).toBe(live.find((each) => each.mac === client(known)));
          }
        }
      }),
    );
  });
});
