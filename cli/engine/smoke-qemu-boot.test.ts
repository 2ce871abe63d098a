import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsCode } from "../smoke/boot/accelerator.ts";
import { parseOptions } from "../smoke/options/parse.ts";
import { runReport } from "../smoke/report/run-report.ts";
import { runAll } from "../smoke/run/run-all.ts";
import { BrokenImages, STATIC } from "../smoke/testing/broken-images.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 15 * 60_000;
const tree = fileURLToPath(new URL("../../.netroot", import.meta.url));

let folder: string;
let images: BrokenImages;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-qemu-"));
  images = new BrokenImages(tree, folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function smoke(...argv: readonly string[]) {
  const options = await parseOptions([...argv, "--stall", "20s", "--timeout", "10m"]);
  if (options === "help" || "init" in options) throw new Error("that was no question for help");
  const { signal } = new AbortController();
  return runReport(await runAll(options.cases, { jobs: 1, signal, write: () => {}, isTerminal: false }));
}

it("an accelerator that runs code is told from one that does not", async () => {
  expect(await runsCode("qemu-system-i386", "tcg", folder)).toBe(true);
  expect(await runsCode("/nowhere/qemu", "tcg", folder)).toBe(false);
});

// `npm test` builds the tree first. Without one there is nothing to boot.
describe.runIf(existsSync(tree))("netroot smoke --engine qemu", { timeout: TIMEOUT_MS }, () => {
  it("boots what v86 boots, sees the same milestones, and both agree", async () => {
    const run = await smoke(tree, "--engine", "both", "--run", "findmnt -n -o FSTYPE /");
    expect(run).toMatchObject({
      verdict: "passed",
      cases: ["v86", "qemu"].map((engine) => ({
        engine,
        verdict: "passed",
        checks: [{ output: "overlay" }],
        root: { export: "kisroot" },
      })),
    });
    expect(run.disagreements).toBeUndefined();
    const [v86, qemu] = run.cases;
    for (const name of ["network", "root-attached", "root-mounted"])
      expect(qemu!.milestones.find((each) => each.name === name)).toMatchObject({
        state: "done",
        detail: v86!.milestones.find((each) => each.name === name)!.detail,
      });
  });

  it("lets the card's own firmware fetch the kernel, and attaches a root over AoE", async () => {
    const run = await smoke(tree, "--engine", "qemu", "--boot", "pxe", "--root", "aoe", "--run", "true");
    expect(run.cases[0]).toMatchObject({ verdict: "passed", root: { kind: "aoe" } });
    expect(run.cases[0]!.milestones.find(({ name }) => name === "dhcp")).toMatchObject({ state: "done" });
  });

  it("agrees with v86 on what is wrong with a broken image", async () => {
    const run = await smoke(...(await images.truncatedInitrd()), "--engine", "both");
    expect(run).toMatchObject({
      verdict: "imageFailed",
      cases: [{ diagnosis: { code: "initrd-damaged" } }, { diagnosis: { code: "initrd-damaged" } }],
    });
    expect(run.disagreements).toBeUndefined();
  });

  it.each([
    ["export-unknown", () => images.whole(`root=overlay:nbd=10.86.0.1:wrongname ${STATIC}`)],
    ["aoe-unknown", () => images.whole(`root=overlay:aoe=e0.9 rd.driver.post=aoe ${STATIC}`)],
    ["getty-missing", () => images.withRootChanged("no-getty", `sed -i '/getty/d' "$NEWROOT/etc/inittab"`)],
  ] as const)("diagnoses %s", async (code, image) => {
    const run = await smoke(...(await image()), "--engine", "qemu");
    expect(run.cases[0]).toMatchObject({ verdict: "imageFailed", diagnosis: { code } });
  });
});
