import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const NETROOT = fileURLToPath(new URL("../bin/netroot.mjs", import.meta.url));
let tree: string;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-cli-"));
  await mkdir(join(tree, "tftpboot"));
});
afterAll(() => rm(tree, { recursive: true }));

function netroot(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [NETROOT, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** `netroot serve` on a free port; resolves once it says where. */
async function serve() {
  const child = spawn(process.execPath, [NETROOT, "serve", tree, "--port", "0"]);
  const output = { stderr: "" };
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", () => reject(new Error(output.stderr)));
  });
  return { child, url, exit, output };
}

describe("netroot", () => {
  it("explains itself on standard output", async () => {
    for (const args of [["--help"], ["serve", "--help"], ["doctor", "-h"]]) {
      const { code, stdout, stderr } = await netroot(...args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^Usage: netroot/);
    }
    expect((await netroot("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], "say what to do"],
    [["sevre"], 'did you mean "serve"?'],
    [["constructor"], 'no command "constructor"'],
    [["serve", "a", "b"], "serve takes one TREE"],
    [["serve", "--prot", "1"], "--prot"],
    [["serve", "--port", "66000"], "from 0 to 65535"],
    [["doctor", "--all"], "--all"],
    [["serve", "/nowhere"], "netroot image build"],
    [["serve", "TREE"], "netroot.toml, line 2: listen.prot is not known here. Did you mean port?"],
  ])("answers %j with a sentence and exit code 2", async (args, sentence) => {
    const slip = join(tree, "slip");
    await mkdir(slip, { recursive: true });
    await writeFile(join(slip, "netroot.toml"), "[listen]\nprot = 1\n");
    const { code, stdout, stderr } = await netroot(...args.map((arg) => (arg === "TREE" ? slip : arg)));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at "); // a stack is for our own defects
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 0],
  ] as const)("serves until %s, says goodbye and exits with %i", async (signal, code) => {
    const { child, url, exit, output } = await serve();
    expect((await fetch(`${url}status`)).status).toBe(200);
    child.kill(signal);
    child.kill(signal); // the terminal and npm both pass it on
    expect(await exit).toBe(code);
    expect(output.stderr).toContain(`${signal}: saying goodbye`);
    expect(output.stderr).toMatch(/closed\n$/);
  });

  it("says that its port is in use, with exit code 99", async () => {
    const { child, url, exit } = await serve();
    const { code, stderr } = await netroot("serve", tree, "--port", new URL(url).port);
    child.kill("SIGTERM");
    await exit;
    expect(code).toBe(99);
    expect(stderr).toContain("is in use");
  });

  it("has a doctor who names what is missing", async () => {
    await mkdir(join(tree, "tftpboot/pxelinux.cfg"), { recursive: true });
    await writeFile(join(tree, "tftpboot/pxelinux.cfg/default"), "LABEL a\nKERNEL boot/none\n");
    const { code, stdout } = await netroot("doctor", tree);
    expect(stdout).toMatch(/^MISSING +boot\/none – boot entry a$/m);
    expect(stdout).toMatch(/^ok +Node /m);
    expect(code).toBe(99);
  });
});
