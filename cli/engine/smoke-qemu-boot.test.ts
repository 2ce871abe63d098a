import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runsCode } from "../smoke/boot/accelerator.ts";
import { parseOptions } from "../smoke/options/parse.ts";
import { runReport } from "../smoke/report/run-report.ts";
import { runAll } from "../smoke/run/run-all.ts";
import { runCase } from "../smoke/run/run-case.ts";
import { Terminal } from "../smoke/run/terminal.ts";
import { BrokenImages } from "../smoke/testing/broken-images.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const tree = fileURLToPath(new URL("../../.netroot", import.meta.url));

let folder: string;
let images: BrokenImages;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-qemu-"));
  images = new BrokenImages(tree, folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function casesOf(...argv: readonly string[]) {
  const options = await parseOptions([...argv, "--stall", "20s", "--timeout", "3m"]);
  if (options === "help" || "init" in options) throw new Error("that was no question for help");
  return options.cases;
}

async function smoke(...argv: readonly string[]) {
  const { signal } = new AbortController();
  return runReport(
    await runAll(await casesOf(...argv), { jobs: 1, signal, write: () => {}, isTerminal: false }),
  );
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
    const screenshot = join(folder, "screen.png");
    const run = await smoke(
      ...[tree, "--engine", "qemu", "--boot", "pxe", "--root", "aoe", "--run", "true"],
      ...["--screenshot", screenshot],
    );
    expect(run.cases[0]).toMatchObject({
      verdict: "passed",
      root: { kind: "aoe", blocks: expect.arrayContaining([[0, expect.any(Number)]]) },
      artefacts: [screenshot],
    });
    expect((await readFile(screenshot)).subarray(1, 4).toString()).toBe("PNG");
    expect(run.cases[0]!.milestones.find(({ name }) => name === "dhcp")).toMatchObject({ state: "done" });
  });

  it("joins a person's terminal to the console", async () => {
    const [plan] = await casesOf(tree, "--engine", "qemu", "--until", "kernel");
    const [input, output] = [new PassThrough(), new PassThrough()];
    let seen = "";
    output.on("data", (chunk: Buffer) => {
      seen += chunk;
      if (seen.includes("answer 42")) input.write("\x1d");
    });
    // As a person does: what is typed before the shell reads is lost, and typed again.
    const typing = setInterval(() => input.write("echo answer $((6*7))\n"), 1000);
    onTestFinished(() => clearInterval(typing));
    const report = await runCase(plan!, {
      signal: new AbortController().signal,
      terminal: new Terminal({ input, output }),
    });
    expect(seen).toContain("answer 42");
    expect(report.verdict).toBe("passed");
  });

  it("agrees with v86 on what is wrong with a broken image", async () => {
    const run = await smoke(...(await images.truncatedInitrd()), "--engine", "both");
    expect(run).toMatchObject({
      verdict: "imageFailed",
      cases: [{ diagnosis: { code: "initrd-damaged" } }, { diagnosis: { code: "initrd-damaged" } }],
    });
    expect(run.disagreements).toBeUndefined();
  });
});
