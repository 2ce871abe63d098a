import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Milestone } from "../worker/interface.ts";
import { BootWatch } from "../worker/milestones/boot-watch.ts";
import type { Boot } from "./boots.ts";

/**
 * A boot in the real qemu-system-i386: the yardstick. TCG on one thread, virtio-net, the same kernel, initrd and root. qemu's user network is laid out like a segment of the relay, and
 * its host address leads to our loopback: the guest's 10.86.0.1:10809 is nbd-server on 127.0.0.1:10809.
 */
export async function bootInQemu({
  tree,
  initrd,
  append,
  memoryMiB,
  signal,
}: Boot): Promise<readonly Milestone[]> {
  const options = [
    ["-accel", "tcg,thread=single"],
    ["-m", String(memoryMiB)],
    ["-display", "none", "-monitor", "none", "-no-reboot"],
    ["-serial", "stdio"],
    ["-kernel", join(tree, "tftpboot/boot/linux")],
    ["-initrd", initrd],
    ["-append", append],
    ["-netdev", "user,id=boot,net=10.86.0.0/24,host=10.86.0.1,dhcpstart=10.86.0.100"],
    ["-device", "virtio-net-pci,netdev=boot"],
  ].flat();
  const qemu = spawn("qemu-system-i386", options, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => qemu.once("close", () => resolve()));
  let said = "";
  const remember = (chunk: Buffer) => {
    said = (said + chunk.toString("latin1")).slice(-2000);
  };
  qemu.stderr.on("data", remember);
  try {
    return await new Promise((resolve, reject) => {
      const give = (why: string) => reject(new Error(`qemu: ${why}\n${said}`));
      const watch = new BootWatch(
        { kind: "direct", append, nowMs: performance.now() },
        {
          milestones: (milestones) => {
            if (milestones.some(({ name, state }) => name === "login" && state === "done"))
              resolve(milestones);
          },
          problem: (problem) => {
            if (problem.severity === "error") give(problem.message);
          },
        },
      );
      watch.begin();
      // A prompt is one when nothing follows it for a moment: the watch wants to be asked again.
      const timer = setInterval(() => watch.advance(performance.now()), 50);
      qemu.once("error", (error) => give(error.message));
      qemu.once("close", (code) => {
        clearInterval(timer);
        give(`ended with ${code} before the prompt`);
      });
      signal.addEventListener("abort", () => give("no prompt in time"), { once: true });
      qemu.stdout.on("data", (chunk: Buffer) => {
        remember(chunk);
        for (const byte of chunk) watch.console(byte, performance.now());
      });
    });
  } finally {
    qemu.kill("SIGKILL");
    await ended;
  }
}
