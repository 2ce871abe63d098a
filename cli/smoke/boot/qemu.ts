import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Problem, WireCounters } from "../../../worker/interface.ts";
import { BootWatch } from "../../../worker/milestones/boot-watch.ts";
import { SmokeError } from "../errors.ts";
import { is64Bit } from "../image/inspect.ts";
import type { CasePlan } from "../plan.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { FrameTap } from "./frame-tap.ts";
import type { BootNetwork } from "./network.ts";
import { type QemuMachine, qemuArguments } from "./qemu-arguments.ts";
import { screendump } from "./qmp.ts";
import type { MachineFollower, PoweredMachine } from "./v86.ts";

/** How often the watch is asked whether something is due: a prompt is one when nothing follows it for a moment. */
const TICK_MS = 50;
/** The end of what qemu itself complained of. */
const MAX_COMPLAINT_CHARACTERS = 2000;

/** Where the relay of a case listens for machines that are no browsers. */
export interface QemuPlace {
  readonly folder: string;
  readonly relaySocket: string;
  remove(): Promise<void>;
}

/** A folder for the sockets of one case. Their paths have to be short (unix(7)). */
export async function makeQemuPlace(): Promise<QemuPlace> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-qemu-"));
  return {
    folder,
    relaySocket: join(folder, "relay.sock"),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Switches a machine in the real qemu on, plugged into the relay's socket. Rejects with a `SmokeError` where there is no qemu. */
export async function powerOnQemu(
  plan: CasePlan,
  network: BootNetwork,
  place: QemuPlace,
  { events: take, frame }: MachineFollower,
): Promise<PoweredMachine> {
  const { files, entry } = network;
  if (files === undefined)
    throw new SmokeError("usage", "--engine qemu starts a relay of its own: leave --relay out.");
  const program = (await is64Bit(files.kernel)) ? "qemu-system-x86_64" : "qemu-system-i386";
  const accelerator = await chooseAccelerator(program, place.folder);
  const { mtu } = await network.status();
  const { boot, nic, memoryMiB, stallMs } = plan;
  const watch = new BootWatch(
    { kind: boot, append: boot === "direct" ? entry.append : "", nowMs: performance.now(), stallMs },
    {
      milestones: (milestones) => take([{ type: "milestones", milestones }]),
      problem: (problem) => take([{ type: "problem", problem }]),
    },
  );
  const counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0 };
  const socket = join(place.folder, "machine.sock");
  const monitor = join(place.folder, "monitor.sock");
  const initrd = await oneInitrd(files.initrds, place.folder);
  const tap = await FrameTap.open({
    path: socket,
    relayPath: place.relaySocket,
    fromGuest: (bytes) => {
      counters.framesOut += 1;
      counters.bytesOut += bytes.length;
      watch.fromGuest(bytes, performance.now());
      frame({ bytes, epochMs: epochNow(), fromGuest: true });
    },
    toGuest: (bytes) => {
      counters.framesIn += 1;
      counters.bytesIn += bytes.length;
      watch.toGuest(bytes, performance.now());
      frame({ bytes, epochMs: epochNow(), fromGuest: false });
    },
  });
  const machine: QemuMachine = {
    boot,
    nic,
    memoryMiB,
    mtu,
    accelerator,
    socket,
    monitor,
    kernel: files.kernel,
    ...(initrd !== undefined && { initrd }),
    append: entry.append,
  };
  take([{ type: "power", state: "starting" }]);
  watch.begin();
  if (boot === "direct") watch.reach("download", performance.now(), "handed over");
  const qemu = spawn(program, qemuArguments(machine), { stdio: ["pipe", "pipe", "pipe"] });
  const timer = setInterval(() => {
    watch.advance(performance.now());
    take([wireEvent(counters)]);
  }, TICK_MS);
  const ended = follow(qemu, program, {
    console: (chunk) => {
      const now = performance.now();
      for (const byte of chunk) watch.console(byte, now);
      take([{ type: "serial", bytes: chunk }]);
    },
    problem: (problem) => watch.problem(problem, performance.now()),
    spawned: () => take([{ type: "power", state: "running" }]),
    off: () => take([wireEvent(counters), { type: "power", state: "off" }]),
  });
  return {
    send: (bytes) => void qemu.stdin?.write(bytes),
    screenshot: () => screendump(monitor, join(place.folder, "screen.png")),
    async close() {
      qemu.kill("SIGKILL");
      await ended;
      clearInterval(timer);
      await tap.close();
    },
  };
}

function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

interface QemuHandlers {
  console(chunk: Uint8Array): void;
  problem(problem: Problem): void;
  spawned(): void;
  off(): void;
}

/** Resolves when the process has ended, in whatever way. */
function follow(qemu: ChildProcess, program: string, handlers: QemuHandlers): Promise<void> {
  let complaint = "";
  qemu.stderr?.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT_CHARACTERS);
  });
  qemu.stdout?.on("data", handlers.console);
  // What is typed into a machine that is gone is lost.
  qemu.stdin?.on("error", () => {});
  qemu.once("spawn", handlers.spawned);
  return new Promise((resolve) => {
    qemu.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      handlers.problem(
        engineFailed(
          missing ? `${program} is not installed` : `${program} cannot be started: ${error.message}`,
        ),
      );
      resolve();
    });
    qemu.once("close", (code) => {
      if (code !== 0 && code !== null)
        handlers.problem(
          engineFailed(`${program} ended with status ${code}: ${complaint.trim().replace(/\s+/g, " ")}`),
        );
      handlers.off();
      resolve();
    });
  });
}

function engineFailed(message: string): Problem {
  return {
    severity: "error",
    code: "engine-failed",
    message: `${message}.`,
    advice: "Debian's package qemu-system-x86 has both qemu-system-i386 and qemu-system-x86_64.",
    milestone: "power-on",
  };
}

function wireEvent(counters: WireCounters) {
  const blocks = { path: "wire", fetchedBytes: 0, aheadBytes: 0 } as const;
  return { type: "wire", state: "open", counters: { ...counters }, blocks } as const;
}

/** qemu takes one file: several are put one behind the other, as a boot loader does it. */
async function oneInitrd(initrds: readonly string[], folder: string): Promise<string | undefined> {
  if (initrds.length < 2) return initrds[0];
  const path = join(folder, "initrd");
  const parts = await Promise.all(initrds.map((initrd) => readFile(initrd)));
  // Each begins at a multiple of four bytes (the kernel's initramfs buffer format).
  const padded = parts.flatMap((part) => [part, Buffer.alloc(-part.length & 3)]);
  await writeFile(path, Buffer.concat(padded));
  return path;
}
