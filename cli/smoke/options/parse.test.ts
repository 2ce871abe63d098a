import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../command.ts";
import { SmokeError } from "../errors.ts";
import { compile } from "../plan.ts";
import { parseDuration } from "./duration.ts";
import { parseOptions } from "./parse.ts";
import { parsePattern } from "./pattern.ts";

let folder: string;
let tree: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-options-"));
  tree = join(folder, "tree");
  await mkdir(join(tree, "tftpboot"), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

async function plan(...argv: string[]) {
  const options = await parseOptions([tree, ...argv]);
  if (options === "help" || "init" in options) throw new Error("that was no question for help");
  return options.cases[0]!;
}

describe("the options of netroot smoke", () => {
  it("have defaults that boot a tree to its prompt", async () => {
    expect(await plan()).toMatchObject({
      source: { kind: "tree", tree },
      boot: "direct",
      nic: "virtio",
      memoryMiB: 512,
      until: "login",
      checks: [],
      timeoutMs: 300_000,
      stallMs: 60_000,
      retries: 0,
    });
  });

  it("keep the checks in the order in which they stand, each with its own time", async () => {
    const { checks, forbid } = await plan(
      ...[
        "--run",
        "true",
        "--within",
        "3s",
        "--forbid",
        "Oops",
        "--expect",
        "/WELCOME/i",
        "--login",
        "root:a:b",
      ],
      ...["--screen", "x", "--within", "1m", "--timeout-scale", "2"],
    );
    expect(checks).toEqual([
      { kind: "run", command: "true", withinMs: 6000 },
      { kind: "expect", pattern: { source: "WELCOME", flags: "im" } },
      { kind: "login", user: "root", password: "a:b" },
      { kind: "screen", pattern: { source: "x", flags: "m" }, withinMs: 120_000 },
    ]);
    expect(forbid).toEqual([{ source: "Oops", flags: "m" }]);
  });

  it("scale every time", async () => {
    expect(await plan("--timeout-scale", "0.5", "--stall", "10")).toMatchObject({
      timeoutMs: 150_000,
      stallMs: 5000,
    });
  });

  it("have no time-out for a person at the console but the one that is given", async () => {
    expect(await plan("--interactive")).not.toHaveProperty("timeoutMs");
    expect(await plan("--interactive", "--timeout", "9s")).toMatchObject({ timeoutMs: 9000 });
  });

  it("take an NE2000 for a boot by firmware", async () => {
    expect(await plan("--boot", "pxe")).toMatchObject({ nic: "ne2k" });
  });

  it.each([
    [["--expect", "("], "Unterminated group"],
    [["--forbid", ""], "every text matches"],
    [["--screen", "/a/g"], 'has the flag "g"'],
    [["--root", "iscsi"], "nbd or aoe"],
    [["--boot", "floppy"], "direct or pxe"],
    [["--nic", "e1000"], "virtio or ne2k"],
    [["--boot", "pxe", "--nic", "virtio"], "wants --nic ne2k"],
    [["--memory", "63"], "from 64 to 2048"],
    [["--memory", "5e2"], "from 64 to 2048"],
    [["--timeout", "soon"], "--timeout soon is no time"],
    [["--timeout", "0"], "is no time"],
    [["--timeout-scale", "0"], "from 0.01 to 100"],
    [["--retry", "11"], "from 0 to 10"],
    [["--until", "desktop"], "power-on, firmware"],
    [["--login", "root"], "USER:PASSWORD"],
    [["--run", " "], "wants a command"],
    [["--run", "a\nb"], "one line"],
    [["--within", "3s"], "behind the check"],
    [["--append", "a\nb"], "one line"],
    [["--relay", "http://x/"], "leave the tree"],
    [["--kernel", "linux"], "not both"],
    [["--json", "--tap"], "choose one"],
    [["--junit", ""], "path of a file"],
    [["--frobnicate"], "--frobnicate"],
    [["--label"], "--label"],
    [["second"], "one TREE"],
  ])("refuse %j in one sentence", async (argv, words) => {
    const refusal = await plan(...argv).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect((refusal as Error).message).toContain(words);
    expect((refusal as Error).message).not.toContain("\n");
  });

  it.each([
    [["--initrd", "x"], "want a --kernel"],
    [["--relay", "10.86.0.1"], "looks like http://"],
  ])("refuse %j in one sentence, without a tree", async (argv, words) => {
    await expect(parseOptions(argv)).rejects.toThrow(words);
  });

  it("say what a folder is that is no image", async () => {
    await mkdir(join(folder, "half"));
    await writeFile(join(folder, "half/a.ix86-1.0.0-6.1.kernel"), "");
    await writeFile(join(folder, "file"), "");
    for (const [name, words] of [
      ["nowhere", "There is nothing at"],
      ["half", "holds no initrd that belongs to"],
      ["file", "it is no folder"],
      [".", "neither a boot tree"],
    ] as const) {
      const refusal = await parseOptions([join(folder, name)]).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(SmokeError);
      expect(refusal).toMatchObject({ kind: "usage", message: expect.stringContaining(words) });
    }
  });

  it("know kiwi's results by their names", async () => {
    const results = join(folder, "kis");
    await mkdir(results);
    for (const name of ["a.ix86-1.0.0-6.1.0.kernel", "a.ix86-1.0.0.initrd", "a.ix86-1.0.0"])
      await writeFile(join(results, name), "");
    const options = await parseOptions([results]);
    expect(options).toMatchObject({ cases: [{ source: { kind: "kis", folder: results } }] });
  });
});

describe("a time", () => {
  it("is what it says", () => {
    expect(["90", "90s", "1.5m", "500ms", "1h"].map(parseDuration)).toEqual([
      90_000, 90_000, 90_000, 500, 3.6e6,
    ]);
  });

  it("is a positive whole number of milliseconds that a timer can hold, or none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,10}(\.\d{1,4})?(ms|s|m|h|d)?$/)), (text) => {
        const ms = parseDuration(text);
        return ms === undefined || (Number.isInteger(ms) && ms > 0 && ms < 2 ** 31);
      }),
    );
  });
});

describe("a pattern", () => {
  it("compiles, or is refused, whatever its text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parsePattern(text);
        if (typeof parsed !== "string") compile(parsed);
      }),
    );
  });
});
