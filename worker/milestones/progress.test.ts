import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MILESTONES, type MilestoneName } from "../interface.ts";
import { type BootKind, Progress } from "./progress.ts";

const names = MILESTONES.map(({ name }) => name);
const state = (progress: Progress, name: MilestoneName) =>
  progress.list().find((milestone) => milestone.name === name)!;

describe("the milestones", () => {
  it("are listed in the order of the contract, whatever the order in which they happen", () => {
    expect(new Progress("direct").list().map(({ name }) => name)).toEqual(names);
  });

  it("have the first one running at the start, and the next one after each", () => {
    const progress = new Progress("direct");
    expect(progress.current).toBe("power-on");
    progress.reach("power-on", 0);
    // In a direct boot the host fetches the files before the firmware runs.
    expect(progress.current).toBe("download");
  });

  it("ask for an address before the download in a PXE boot, and in the initrd in a direct one", () => {
    const pxe = new Progress("pxe");
    pxe.reach("firmware", 1);
    expect(pxe.current).toBe("dhcp");
    const direct = new Progress("direct");
    direct.reach("initrd", 1);
    expect(direct.current).toBe("dhcp");
  });

  it("bring along what lies before them: done if it must have been, skipped if a boot can do without", () => {
    const progress = new Progress("direct");
    progress.reach("switch-root", 1234.6);
    expect(state(progress, "kernel")).toEqual({ name: "kernel", state: "done", atMs: 1235 });
    for (const name of ["dhcp", "network", "root-attached"] as const) {
      expect(state(progress, name).state).toBe("skipped");
    }
    expect(state(progress, "userspace").state).toBe("running");
    expect(state(progress, "login").state).toBe("waiting");
  });

  it("keep the time of the first sign, and take a detail that comes late", () => {
    const progress = new Progress("direct");
    expect(progress.reach("initrd", 10)).toBe(true);
    expect(progress.reach("initrd", 20, "dracut-059")).toBe(true);
    expect(state(progress, "initrd")).toMatchObject({ atMs: 10, detail: "dracut-059" });
    expect(progress.reach("initrd", 30, "another")).toBe(false);
    expect(state(progress, "initrd").detail).toBe("dracut-059");
  });

  it("fail where the boot stands, and count all the same when they are reached later", () => {
    const progress = new Progress("direct");
    progress.reach("initrd", 10);
    expect(progress.fail(20)).toBe(true);
    expect(progress.fail(25)).toBe(false);
    expect(state(progress, "dhcp")).toMatchObject({ state: "failed", atMs: 20 });
    progress.reach("dhcp", 30, "10.86.0.100 from 10.86.0.1");
    expect(state(progress, "dhcp")).toMatchObject({ state: "done", atMs: 30 });
  });

  it("never go back, and have one that is under way until the last", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BootKind>("direct", "pxe"),
        fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom("reach", "skip", "fail")), {
          maxLength: 40,
        }),
        (kind, steps) => {
          const progress = new Progress(kind);
          let before = progress.list();
          for (const [index, [name, act]] of steps.entries()) {
            if (act === "reach") progress.reach(name, index);
            else if (act === "skip") progress.skip(name, index);
            else progress.fail(index);
            const now = progress.list();
            for (const [at, milestone] of now.entries()) {
              const old = before[at]!;
              if (old.state === "done" || old.state === "skipped") expect(milestone.state).toBe(old.state);
              if (milestone.state !== "waiting" && milestone.state !== "running") {
                expect(milestone.atMs).toBeTypeOf("number");
              }
            }
            const underWay = now.filter((m) => m.state === "running" || m.state === "failed");
            const arrived = now.every((m) => m.state === "done" || m.state === "skipped");
            expect(underWay.length > 0).toBe(!arrived);
            before = now;
          }
        },
      ),
    );
  });
});
