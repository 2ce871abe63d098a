import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sha256OfFile } from "../../relay/exports/testing/programs.ts";
import { silentLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import { BootWatch } from "../../worker/milestones/boot-watch.ts";

const tree = fileURLToPath(new URL("../../.netroot", import.meta.url));
const image = join(tree, "exports/kisroot.squashfs");

let folder: string;
let relay: Relay;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-qemu-"));
});
afterAll(async () => {
  await relay?.close();
  await rm(folder, { recursive: true });
});

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(image))(
  "a real qemu that is plugged into the relay's socket boots over its network card to its prompt: iPXE, the script of the menu, the root",
  { timeout: 4 * 60_000 },
  async () => {
    const socket = join(folder, "net.sock");
    relay = await startRelay({ tree, listen: { port: 0, socket }, logger: silentLogger });
    const before = await sha256OfFile(image);
    const milestones = await boot(socket);
    for (const name of ["kernel", "initrd", "root-mounted", "switch-root", "userspace", "login"])
      expect(milestones.find((each) => each.name === name)).toMatchObject({ state: "done" });
    const [root] = relay.status().exports;
    expect(root).toMatchObject({ name: "kisroot", readOnly: true });
    expect(root!.readBytes).toBeGreaterThan(1_000_000);
    expect(await sha256OfFile(image)).toBe(before);
  },
);

/** With the boot ROM that Debian's qemu has in its card. */
function boot(socket: string) {
  const options = [
    ["-accel", "tcg,thread=single", "-m", "512", "-display", "none", "-monitor", "none", "-no-reboot"],
    ["-serial", "stdio", "-boot", "n"],
    ["-netdev", `stream,id=boot,server=off,addr.type=unix,addr.path=${socket}`],
    ["-device", "virtio-net-pci,netdev=boot"],
  ].flat();
  const qemu = spawn("qemu-system-i386", options, { stdio: ["ignore", "pipe", "inherit"] });
  const watched = new Promise<Parameters<ConstructorParameters<typeof BootWatch>[1]["milestones"]>[0]>(
    (resolve, reject) => {
      const watch = new BootWatch(
        { kind: "pxe", append: "", nowMs: performance.now() },
        {
          milestones: (milestones) => {
            if (milestones.at(-1)?.state === "done") resolve(milestones);
          },
          problem: (problem) => {
            if (problem.severity === "error") reject(new Error(problem.message));
          },
        },
      );
      watch.begin();
      // A prompt is one when nothing follows it for a moment: the watch wants to be asked again.
      const timer = setInterval(() => watch.advance(performance.now()), 50);
      let said = "";
      qemu.stdout.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString("latin1")).slice(-2000);
        for (const byte of chunk) watch.console(byte, performance.now());
      });
      qemu.once("error", reject);
      qemu.once("close", () => {
        clearInterval(timer);
        reject(new Error(`qemu ended before the prompt:\n${said}`));
      });
    },
  );
  return watched.finally(() => qemu.kill("SIGKILL"));
}
