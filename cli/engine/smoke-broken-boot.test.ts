import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import { parseOptions } from "../smoke/options/parse.ts";
import type { CaseReport } from "../smoke/report/case-report.ts";
import { runCase } from "../smoke/run/run-case.ts";
import { BrokenImages, STATIC } from "../smoke/testing/broken-images.ts";
import { startDeafRelay } from "../smoke/testing/deaf-relay.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const tree = fileURLToPath(new URL("../../.netroot", import.meta.url));
/** Longer than a healthy boot of this image ever stands still. */
const STALL = ["--stall", "12s", "--timeout", "3m"];

let folder: string;
let images: BrokenImages;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-broken-"));
  images = new BrokenImages(tree, folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function smoke(...argv: readonly string[]): Promise<CaseReport> {
  const options = await parseOptions([...STALL, ...argv]);
  if (options === "help" || "init" in options) throw new Error("that was no question for help");
  return runCase(options.cases[0]!, { signal: new AbortController().signal });
}

// `npm test` builds the tree first. Without one there is nothing to break.
describe.runIf(existsSync(tree)).concurrent("netroot smoke finds", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["a truncated initrd", "initrd-damaged", "initrd", () => images.truncatedInitrd()],
    ["an initrd without its init", "initrd-missing", "initrd", () => images.withoutInit()],
    [
      "a first program that ends",
      "kernel-panic",
      "initrd",
      () => images.whole(`${STATIC} rdinit=/bin/false`),
    ],
    [
      "a wrong export name",
      "export-unknown",
      "root-attached",
      () => images.whole(`root=overlay:nbd=10.86.0.1:wrongname ${STATIC}`),
    ],
    [
      "a wrong AoE target",
      "aoe-unknown",
      "root-attached",
      () => images.whole(`root=overlay:aoe=e0.9 rd.driver.post=aoe ${STATIC}`),
    ],
    [
      "a write layer on a blank disk",
      "write-layer-unusable",
      "root-mounted",
      () => images.whole(`${STATIC} rd.root.overlay.write=/dev/nbd1`),
    ],
    ["a flipped block in the squashfs", "root-damaged", "userspace", () => images.flippedBlock()],
    ["dash in place of bash", "shell-not-bash", "root-attached", () => images.withDash()],
    ["an initrd without nbd", "module-missing", "root-attached", () => images.withoutModule("nbd")],
    ["a system without getty", "getty-missing", "login", () => images.withRootChanged("no-getty", NO_GETTY)],
    ["a network torn down", "root-lost", "login", () => images.withRootChanged("net-down", NETWORK_DOWN)],
  ] as const)("%s", async (_, code, milestone, image) => {
    // The real qemu is the faster one; that both engines say the same has a test of its own.
    const report = await smoke(...(await image()), "--engine", "qemu");
    expect(report).toMatchObject({ verdict: "imageFailed", exitCode: 1, diagnosis: { code, milestone } });
    expect(report.diagnosis!.cause).toMatch(/\w+ \w+ \w+.*[.)]$/);
    expect(report.milestones.at(-1)!.state).not.toBe("done");
  });

  it("a segment without DHCP", async ({ expect, onTestFinished }) => {
    const asking = join(folder, "asking");
    await cp(tree, asking, { recursive: true });
    const menu = join(asking, "tftpboot/pxelinux.cfg/default");
    await writeFile(menu, (await readFile(menu, "utf8")).replace(/ip=\d\S+/, "ip=dhcp"));
    const relay = await startRelay({
      tree: asking,
      listen: { port: 0 },
      useNbdServer: false,
      logger: silentLogger,
    });
    onTestFinished(() => relay.close());
    const toDhcpServer = (frame: Uint8Array) => frame[12] === 8 && frame[23] === 17 && frame[37] === 67;
    const deaf = await startDeafRelay(relay.url, (frame) => !toDhcpServer(frame));
    onTestFinished(() => deaf.close());
    const report = await smoke("--relay", deaf.url, "--stall", "30s");
    expect(report).toMatchObject({
      verdict: "imageFailed",
      diagnosis: { code: "dhcp-silent", cause: expect.stringContaining("static ip=") },
    });
    expect(["dhcp", "network"]).toContain(report.diagnosis!.milestone);
  });
});

const NO_GETTY = `sed -i '/getty/d' "$NEWROOT/etc/inittab"`;
const NETWORK_DOWN = `echo 'nd:2:once:/usr/sbin/ip link set eth0 down' >> "$NEWROOT/etc/inittab"`;
