import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../command.ts";
import { SmokeError } from "../errors.ts";
import { parseOptions } from "../options/parse.ts";
import { casesOf } from "./cases.ts";
import { writeTemplate } from "./init.ts";
import { parseJob } from "./parse.ts";
import { plansOfJob } from "./plans.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-job-"));
  await mkdir(join(folder, ".netroot/tftpboot"), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

async function plans(text: string, scale = 1) {
  const path = join(folder, "job.toml");
  await writeFile(path, text);
  return plansOfJob(path, scale);
}

describe("a job file", () => {
  it("as --init writes it is one case of the tree beside it", async () => {
    const path = join(folder, "fresh.toml");
    await writeTemplate(path);
    const [plan, ...others] = await plansOfJob(path, 1);
    expect(others).toEqual([]);
    expect(plan).toMatchObject({
      name: "v86, direct, nbd, virtio, 512 MiB",
      source: { kind: "tree", tree: join(folder, ".netroot") },
      checks: [{ kind: "run" }, { kind: "expect", withinMs: 10_000 }],
      timeoutMs: 300_000,
    });
    await expect(writeTemplate(path)).rejects.toThrow("left as it is");
  });

  it("with nothing in it is one case", async () => {
    expect(await plans("")).toMatchObject([{ name: "smoke", engine: "v86", memoryMiB: 512, until: "login" }]);
  });

  it("makes a case of every combination, but of those that are excluded or cannot be", async () => {
    const cases = await plans(`
[matrix]
nic = ["virtio", "ne2k"]
root = ["nbd", "aoe"]
boot = ["direct", "pxe"]
[[matrix.exclude]]
nic = "ne2k"
boot = "direct"
[[case]]
name = "small"
memory = 256
`);
    expect(cases.map(({ name }) => name)).toEqual([
      "direct, nbd, virtio",
      "direct, aoe, virtio",
      "pxe, nbd, ne2k",
      "pxe, aoe, ne2k",
      "small",
    ]);
    expect(cases.at(-1)).toMatchObject({ memoryMiB: 256, boot: "direct" });
    expect(cases[3]).toMatchObject({ boot: "pxe", nic: "ne2k", root: "aoe" });
  });

  it("has as many cases as its lists have combinations", () => {
    const values = <T>(...all: T[]) => fc.option(fc.subarray(all, { minLength: 1 }), { nil: undefined });
    const matrix = fc.record({
      nic: values("virtio" as const, "ne2k" as const),
      root: values("nbd" as const, "aoe" as const),
      memory: values(256, 512, 1024),
    });
    fc.assert(
      fc.property(matrix, (lists) => {
        const many = Object.values(lists).reduce((product, list) => product * (list?.length ?? 1), 1);
        return casesOf({ matrix: { ...lists, exclude: [] }, case: [] }).length === many;
      }),
    );
  });

  it("scales its times, of its checks as well", async () => {
    const [plan] = await plans('timeout = 10\n[[check]]\nrun = "true"\nwithin = "2s"\n', 3);
    expect(plan).toMatchObject({ timeoutMs: 30_000, stallMs: 180_000, checks: [{ withinMs: 6000 }] });
  });

  it.each([
    ["tiemout = 3", "line 1: tiemout is not known here. Did you mean timeout?"],
    ["\n[matrix]\nnics = []", "line 3: matrix.nics is not known here. Did you mean nic?"],
    ["until = 'desktop'", "line 1: until is a milestone: power-on"],
    ["timeout = 'soon'", "line 1: timeout is a number of seconds"],
    ["retry = 99", "line 1: retry is at most 10"],
    ["forbid = ['(']", "forbid number 1 is no regular expression"],
    ["[matrix]\nnic = ['e1000']", 'line 2: matrix.nic number 1 is "virtio" or "ne2k"'],
    ["[matrix]\nmemory = []", "line 2: matrix.memory is not empty"],
    ["[[check]]\nwithin = 3", "line 1: check number 1 has one of expect, screen, run and login"],
    ["[[check]]\nlogin = 'root'", "line 2: check number 1.login is USER:PASSWORD"],
    ["[check]\nrun = 'a'", "[[check]], with two brackets"],
    ["image = 'a'\nkernel = 'b'", "line 1: image stands for itself"],
    ["initrd = ['a']", "kernel is wanted"],
    ["[[case]]\nmemory = 512", "case number 1.name"],
    ["a = = b", "line 1: this is not TOML"],
    ["[matrix]\nnic = ['virtio']\nboot = ['pxe']", "excludes every one"],
    ["[[case]]\nname = 'a'\n[[case]]\nname = 'a'", 'two cases of the name "a"'],
    ["image = 'nowhere'", "There is nothing at"],
    ["image = 'job.toml'", "is no folder"],
  ])("%j is refused in a sentence", async (text, words) => {
    const refusal = await plans(text).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SmokeError);
    expect(refusal).toMatchObject({ kind: "usage", message: expect.stringContaining(words) });
    expect((refusal as Error).message).not.toContain("\n");
  });

  it("is refused in a sentence, or is none, whatever its text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseJob(text, "job.toml");
          return true;
        } catch (error) {
          return error instanceof SmokeError;
        }
      }),
    );
  });

  it("that is not there is named, and options that it says itself are not taken beside it", async () => {
    await expect(parseOptions([join(folder, "none.toml")])).rejects.toThrow("netroot smoke --init");
    await plans("");
    const path = join(folder, "job.toml");
    await expect(parseOptions([path, "--nic", "ne2k"])).rejects.toThrow(UsageError);
    await expect(parseOptions([path, "--jobs", "0"])).rejects.toThrow("--jobs 0 makes no sense");
    expect(await parseOptions([path, "--jobs", "2", "--retry", "1"])).toMatchObject({
      jobs: 2,
      cases: [{ retries: 1 }],
    });
  });
});
