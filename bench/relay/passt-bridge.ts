// The relay that others would build: a WebSocket server in front of one passt a client. It speaks the same batches. Prints
// its port. passt maps its gateway's address to this host's loopback interface.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { BATCH_SUBPROTOCOL, BatchWriter, maxMessageBytes, parseBatch } from "../../net/wire/batch.ts";
import { FrameStreamReader } from "../../relay/uplink/frame-stream.ts";
import { octetsOf } from "../../relay/wire/frame-link.ts";

const [mtu = "1500"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "netroot-passt-"));
let clients = 0;

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: false,
  maxPayload: maxMessageBytes(Number(mtu)),
  handleProtocols: () => BATCH_SUBPROTOCOL,
});
server.on("connection", (socket) => void bridge(socket));
await once(server, "listening");
process.stdout.write(`${(server.address() as { port: number }).port}\n`);

async function bridge(socket: WebSocket): Promise<void> {
  const early: Uint8Array[] = [];
  let passt: Socket | undefined;
  socket.on("message", (data: Buffer) => {
    const message = octetsOf(data);
    if (passt === undefined) early.push(message);
    else toPasst(passt, message);
  });
  passt = await startPasst(join(folder, `${clients++}`));
  for (const message of early) toPasst(passt, message);
  const batch = new BatchWriter((message) => socket.send(message));
  const reader = new FrameStreamReader(
    (frame) => batch.add(frame),
    () => {},
  );
  passt.on("data", (chunk: Buffer) => {
    reader.push(octetsOf(chunk));
    batch.flush();
  });
}

function toPasst(passt: Socket, message: Uint8Array): void {
  const batch = parseBatch(message, Number(mtu));
  if (!batch.ok) return;
  passt.cork();
  for (const frame of batch.frames) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    passt.write(length);
    passt.write(frame);
  }
  passt.uncork();
}

async function startPasst(path: string): Promise<Socket> {
  const options = ["--foreground", "--quiet", "--one-off", "--ipv4-only", "--runas", "0:0", "--mtu", mtu];
  const network = [
    "--address",
    "10.86.0.100",
    "--netmask",
    "24",
    "--gateway",
    "10.86.0.1",
    "--dns",
    "10.86.0.1",
  ];
  const child = spawn("passt", [...options, ...network, "--socket", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`passt ended: ${said}`);
    const socket = connect({ path });
    try {
      await once(socket, "connect");
      return socket;
    } catch {
      await sleep(20);
    }
  }
}
