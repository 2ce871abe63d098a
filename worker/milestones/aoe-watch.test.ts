import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ataCommand } from "../../net/aoe/ata-device.ts";
import { serializeAoe } from "../../net/aoe/message.ts";
import { AoeStation } from "../../net/aoe/station.ts";
import { AoeInitiator, ataArgument, type FoundTarget } from "../../net/aoe/testing/initiator.ts";
import { etherType, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import type { MilestoneName, Problem } from "../interface.ts";
import { appendProblem } from "../problems.ts";
import { aoeRoot, parseAoeDevice } from "./aoe-watch.ts";
import { FrameWatch } from "./frame-watch.ts";

const STATION = 0x026e72000002;
const GUEST = 0x020000000a11;

/** A segment with these targets, and a guest with an AoE driver on it. Everything between them is watched. */
function setUp(append: string, targets: readonly (readonly [number, number])[]) {
  const reached: [MilestoneName, string | undefined][] = [];
  const problems: Problem[] = [];
  const watch = new FrameWatch(
    {
      reached: (name, detail) => reached.push([name, detail]),
      problem: (problem) => problems.push(problem),
    },
    append,
  );
  const toGuest = (frame: Uint8Array) => {
    watch.toGuest(frame);
    guest.receive(frame);
  };
  const station = new AoeStation({ mac: STATION, mtu: 1500, transmit: toGuest });
  const clock = { nowMs: 1000 };
  const guest: AoeInitiator = new AoeInitiator({
    mac: GUEST,
    transmit: (frame) => {
      watch.fromGuest(frame, clock.nowMs);
      station.receive(frame);
    },
    after: () => () => {},
    retryMs: 0,
  });
  for (const [shelf, slot] of targets) {
    const read = async (_offset: number, length: number) => new Uint8Array(length);
    const back = { name: "kisroot", sizeBytes: 50_000_000, readOnly: true, description: "memory", read };
    station.add({ shelf, slot }, back);
  }
  const at = (shelf: number, slot: number): FoundTarget => ({ address: { shelf, slot }, mac: STATION });
  const pass = (ms: number) => {
    clock.nowMs += ms;
    if (clock.nowMs >= watch.deadline()) watch.advance(clock.nowMs);
  };
  return { watch, guest, reached, problems, at, pass };
}

describe("a root on an AoE target", () => {
  it("is attached when its target answers what it is; the network is up when the guest asks", async () => {
    const { guest, watch, reached, problems, at, pass } = setUp("root=overlay:aoe=e0.1 quiet", [[0, 1]]);
    expect(reached).toEqual([]);
    await guest.discover();
    expect(reached).toEqual([["network", "AoE needs no address"]]);
    await guest.identify(at(0, 1));
    expect(reached.slice(1)).toEqual([["root-attached", "AoE e0.1, 50.0 MB"]]);
    expect(watch.done).toBe(true);
    pass(60_000);
    expect(problems).toEqual([]);
  });

  it("is not attached because another one answers", async () => {
    const { guest, reached, at } = setUp("root=overlay:aoe=e0.2", [
      [0, 1],
      [0, 2],
    ]);
    await guest.discover();
    await guest.identify(at(0, 1));
    expect(reached.map(([name]) => name)).toEqual(["network"]);
    await guest.identify(at(0, 2));
    expect(reached.at(-1)).toEqual(["root-attached", "AoE e0.2, 50.0 MB"]);
  });

  it("is not attached by an error; a partition of a target is on it", async () => {
    const { guest, reached, at } = setUp("root=overlay:aoe=e0.1p2", [[0, 1]]);
    await guest.discover();
    await guest.ata(at(0, 1), { command: ataCommand.smart });
    expect(reached).toHaveLength(1);
    await guest.read(at(0, 1), 0, 1);
    expect(reached.at(-1)).toEqual(["root-attached", "AoE e0.1"]);
  });

  it("that is somewhere else is said within seconds, with what there is", async () => {
    const { guest, problems, pass } = setUp("root=overlay:aoe=e0.2", [
      [7, 3],
      [0, 1],
    ]);
    await guest.discover();
    pass(2_999);
    expect(problems).toEqual([]);
    pass(1);
    expect(problems).toMatchObject([{ code: "aoe-unknown", severity: "error", milestone: "root-attached" }]);
    expect(problems[0]!.message).toBe("The guest asks for e0.2; this segment exports e0.1, e7.3.");
    pass(60_000);
    expect(problems).toHaveLength(1);
  });

  it("that nobody answers for is said within seconds, and found when it comes all the same", () => {
    const { guest, problems, reached, watch, pass } = setUp("root=overlay:aoe=e0.1", []);
    void guest.discover();
    pass(3_000);
    expect(problems).toMatchObject([{ code: "aoe-silent", severity: "warning" }]);
    expect(problems[0]!.message).toBe("The guest asks for e0.1; no AoE target answers on this segment.");
    const header = { version: 1, response: true, error: undefined, shelf: 0, slot: 1, command: 0, tag: 1 };
    const payload = serializeAoe({ ...header, argument: ataArgument({ command: 0x40 }) });
    watch.toGuest(serializeEthernet({ destination: GUEST, source: STATION, type: etherType.aoe, payload }));
    expect(reached.at(-1)).toEqual(["root-attached", "AoE e0.1"]);
  });

  it("that is refused is said in words", async () => {
    const { guest, watch, problems } = setUp("root=overlay:aoe=e0.1", [[0, 1]]);
    await guest.discover();
    const header = { version: 1, response: true, error: 6, shelf: 0, slot: 1, command: 0, tag: 1 };
    const payload = serializeAoe({ ...header, argument: new Uint8Array(0) });
    watch.toGuest(serializeEthernet({ destination: GUEST, source: STATION, type: etherType.aoe, payload }));
    expect(problems).toMatchObject([
      { code: "aoe-refused", message: "The AoE target e0.1 refuses the guest: it is reserved for others." },
    ]);
  });

  it("is any target where the command line is not known, and none where the root is something else", async () => {
    const unknown = setUp("", [[4, 2]]);
    await unknown.guest.discover();
    await unknown.guest.identify(unknown.at(4, 2));
    expect(unknown.reached.at(-1)).toEqual(["root-attached", "AoE e4.2, 50.0 MB"]);

    const other = setUp("root=overlay:nbd=10.86.0.1:kisroot", [[4, 2]]);
    await other.guest.discover();
    await other.guest.identify(other.at(4, 2));
    other.pass(60_000);
    expect([other.reached, other.problems]).toEqual([[], []]);
  });

  it("does no harm, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (payloads) => {
        const { watch, reached } = setUp("root=overlay:aoe=e0.1", []);
        for (const payload of payloads) {
          const frame = serializeEthernet({ destination: 1, source: 2, type: etherType.aoe, payload });
          watch.fromGuest(frame, 0);
          watch.toGuest(frame);
        }
        expect(reached.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe("an append line", () => {
  it("names an AoE target, a partition on one, or something else", () => {
    expect(aoeRoot("a root=overlay:aoe=e0.1 b")).toBe("e0.1");
    expect(aoeRoot("root=overlay:aoe=e0.1 root=/dev/sda")).toBeUndefined();
    expect(parseAoeDevice("e12.3")).toEqual({ shelf: 12, slot: 3 });
    expect(parseAoeDevice("e12.3p1")).toEqual({ shelf: 12, slot: 3 });
    for (const other of ["eth0", "", "e0.1p", "p1", "/dev/etherd/e0.1"])
      expect(parseAoeDevice(other)).toBeUndefined();
  });

  it("with an interface in the target's place is an error before anything boots", () => {
    const problem = appendProblem("root=overlay:aoe=eth0 rd.driver.post=aoe");
    expect(problem).toMatchObject({ code: "append-aoe-target", severity: "error" });
    expect(problem!.message).toContain("root=overlay:aoe=eth0 names no AoE target");
    expect(problem!.advice).toContain("root=overlay:aoe=e0.1");
  });

  it("without rd.driver.post=aoe is a warning", () => {
    expect(appendProblem("root=overlay:aoe=e0.1")).toMatchObject({
      code: "append-aoe-early",
      severity: "warning",
    });
    for (const post of ["aoe", "virtio_net,aoe"]) {
      expect(appendProblem(`root=overlay:aoe=e0.1 rd.driver.post=${post} ip=dhcp`)).toBeUndefined();
    }
  });
});
