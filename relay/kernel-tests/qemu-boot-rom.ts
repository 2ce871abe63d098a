import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameSink } from "../../net/segment/frame.ts";
import { BootNetwork, type BootNetworkOptions } from "../client/boot-network.ts";
import { FrameStreamReader } from "../uplink/frame-stream.ts";

/** A PC of qemu-system-i386 that boots from its network card with Debian's iPXE ROM, on a boot network of ours. */
export interface BootRom {
  close(): Promise<void>;
}

/** `observe` sees each frame that the PC sends, before the boot server does. */
export async function startBootRom(
  options: BootNetworkOptions,
  card: "ne2k_pci" | "virtio-net-pci",
  observe: FrameSink,
): Promise<BootRom> {
  const directory = mkdtempSync(join(tmpdir(), "netroot-rom-"));
  const path = join(directory, "wire");
  const network = new BootNetwork(options);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const port = network.attach((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      socket.write(length);
      socket.write(frame);
    });
    const reader = new FrameStreamReader(
      (frame) => {
        observe(frame);
        port.send(frame);
      },
      () => {},
    );
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => {});
    socket.on("close", port.detach);
  });
  server.listen(path);
  await once(server, "listening");
  const machine: ChildProcess = spawn(
    "qemu-system-i386",
    [
      ...["-accel", "tcg", "-m", "64", "-display", "none", "-serial", "none", "-boot", "n"],
      ...["-netdev", `stream,id=wire,server=off,addr.type=unix,addr.path=${path}`],
      ...["-device", `${card},netdev=wire,mac=02:00:00:00:00:64`],
    ],
    { stdio: "ignore" },
  );
  const ended = once(machine, "exit");
  return {
    async close() {
      machine.kill("SIGKILL");
      await ended;
      for (const socket of sockets) socket.destroy();
      server.close();
      network.close();
      rmSync(directory, { recursive: true });
    },
  };
}
