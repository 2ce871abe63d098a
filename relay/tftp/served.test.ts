import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { parseEthernet } from "../../net/ethernet/ethernet.ts";
import { formatMac } from "../../net/ethernet/mac.ts";
import { concatOctets } from "../../net/ethernet/octets.ts";
import { ipProtocol, parseIpv4Packet } from "../../net/ipv4/packet.ts";
import { parseTftp, serializeTftp, TFTP_PORT, type TftpMessage } from "../../net/tftp/message.ts";
import { parseUdp, serializeUdp } from "../../net/udp/udp.ts";
import { SyntheticGuest } from "../client/synthetic-guest.ts";
import { telltaleKernel } from "../kernel-tests/telltale-kernel.ts";
import { silentLogger } from "../log.ts";
import { type Relay, startRelay } from "../serve.ts";

const LINUX = randomBytes(300);

let tree: string;
let relay: Relay;
let guest: SyntheticGuest;
let server: number;
const arrived: { readonly message: TftpMessage; readonly from: number; readonly to: number }[] = [];
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tftp-"));
  await mkdir(join(tree, "tftpboot/boot"), { recursive: true });
  await writeFile(join(tree, "tftpboot/boot/linux"), LINUX);
  await writeFile(join(tree, "netroot.toml"), "[limits]\ntftp_transfers = 1\n");
  relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  guest = await SyntheticGuest.connect({
    url: `${relay.url.replace("http", "ws")}wire`,
    observe: (frame) => takeTftp(frame),
  });
  ({ server } = await guest.acquire());
  arrived.length = 0;
});
afterEach(async () => {
  await guest?.close();
  await relay?.close();
  await rm(tree, { recursive: true });
});

function takeTftp(frame: Uint8Array): void {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed") return;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed" || packet.protocol !== ipProtocol.udp) return;
  const datagram = parseUdp(packet.payload, packet.source, packet.destination);
  if (datagram.kind === "malformed") return;
  const message = parseTftp(datagram.payload);
  if (message.kind === "malformed") return;
  arrived.push({ message, from: datagram.sourcePort, to: datagram.destinationPort });
}

function send(sourcePort: number, destinationPort: number, message: TftpMessage): void {
  const { interface: station } = guest.station;
  const datagram = { sourcePort, destinationPort, payload: serializeTftp(message) };
  const bytes = serializeUdp(datagram, station.address, server);
  station.send(ipProtocol.udp, server, bytes.length, (frame, at) => frame.set(bytes, at));
}

const request: TftpMessage = {
  kind: "request",
  operation: "read",
  path: "/boot/linux",
  mode: "octet",
  options: [],
};

it("a guest on the wire is sent the tree's files by TFTP, as many at a time as netroot.toml says", async () => {
  send(2000, TFTP_PORT, request);
  await vi.waitFor(() => expect(arrived).toHaveLength(1));
  send(2001, TFTP_PORT, request);
  await vi.waitFor(() => expect(arrived).toHaveLength(2));
  const [data, refusal] = arrived;
  expect(data).toMatchObject({ message: { kind: "data", block: 1 }, to: 2000 });
  expect(data!.message.kind === "data" && LINUX.equals(data!.message.bytes)).toBe(true);
  expect(refusal).toMatchObject({
    message: { kind: "error", message: expect.stringContaining("Too many") },
    to: 2001,
  });
  send(2000, data!.from, { kind: "ack", block: 1 });
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${relay.url}metrics`)).text();
    expect(metrics).toMatch(/netroot_boot_server_total\{part="tftp",event="completed"\} 1\n/);
    expect(metrics).toMatch(/netroot_boot_server_total\{part="tftp",event="refusedBusy"\} 1\n/);
  });
});

/** What port 80 of the boot server answers. */
async function get(path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    const stream = guest.station.connect(
      { address: server, port: 80 },
      {
        data: (bytes) => void pieces.push(bytes),
        end: () => stream.end(),
        drained: () => {},
        closed: () => resolve(),
      },
    );
    stream.write(Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`));
  });
  return Buffer.from(concatOctets(pieces));
}

it("and by HTTP, at port 80 of the boot server", async () => {
  const answer = await get("/boot/linux");
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer.subarray(-LINUX.length).equals(LINUX)).toBe(true);
  const metrics = await (await fetch(`${relay.url}metrics`)).text();
  expect(metrics).toMatch(/netroot_boot_server_total\{part="http",event="requests"\} 1\n/);
});

it("and is made an iPXE script of the menu that is for its card, by TFTP as by HTTP", async () => {
  expect((await get("/netroot.ipxe")).toString()).toMatch(
    /^HTTP\/1\.1 404 [\s\S]*There is no pxelinux\.cfg\/default/,
  );
  const folder = join(tree, "tftpboot/pxelinux.cfg");
  await mkdir(folder);
  await writeFile(join(folder, "default"), "LABEL anybody\nLINUX boot/linux\n");
  await writeFile(join(folder, "other"), "LABEL other\nLINUX boot/kernel\nAPPEND x\n");
  await writeFile(join(tree, "tftpboot/boot/kernel"), telltaleKernel());
  const mac = formatMac(guest.mac).replaceAll(":", "-");
  await writeFile(join(folder, `01-${mac}`), "INCLUDE pxelinux.cfg/other\nLABEL mine\nLINUX boot/linux\n");
  const byHttp = (await get("/netroot.ipxe")).toString();
  expect(byHttp).toContain(`# Made from pxelinux.cfg/01-${mac} by netroot`);
  expect(byHttp).toMatch(/\nkernel \/boot\/kernel x \|\| goto failed\n/);
  expect(byHttp).toContain("item entry-0 other\nitem entry-1 mine\n");
  expect(byHttp).toContain("line 2: boot/linux is no Linux kernel: it looks like something else");
  expect(byHttp).not.toContain("anybody");

  send(2000, TFTP_PORT, { ...request, path: "netroot.ipxe", options: [["blksize", "8192"]] });
  await vi.waitFor(() => expect(arrived.at(-1)?.message.kind).toBe("option-ack"));
  send(2000, arrived.at(-1)!.from, { kind: "ack", block: 0 });
  await vi.waitFor(() => expect(arrived.at(-1)?.message.kind).toBe("data"));
  const { message } = arrived.at(-1)!;
  const byTftp = message.kind === "data" ? Buffer.from(message.bytes).toString() : "";
  expect(byHttp.endsWith(`\r\n\r\n${byTftp}`)).toBe(true);

  expect((await get("/netroot.ipxe/pxelinux.cfg/other,/pxelinux.cfg/default")).toString()).toContain(
    "item entry-0 other\nitem entry-1 anybody\n",
  );
  expect((await get("/netroot.ipxe/gone.cfg")).toString()).toContain("gone.cfg cannot be made a script of");
});

it("and a netroot.ipxe of the tree goes before the one that would be made", async () => {
  await mkdir(join(tree, "tftpboot/pxelinux.cfg"));
  await writeFile(join(tree, "tftpboot/pxelinux.cfg/default"), "LABEL a\n");
  await writeFile(join(tree, "tftpboot/netroot.ipxe"), "#!ipxe\nshell\n");
  expect((await get("/netroot.ipxe")).toString()).toMatch(/\r\n\r\n#!ipxe\nshell\n$/);
});
