import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { ExportHub } from "../../../net/export/hub.ts";
import { parseIpv4 } from "../../../net/ipv4/address.ts";
import { NBD_PORT } from "../../../net/nbd/constants.ts";
import { NbdSession, newSessionCounters } from "../../../net/nbd/session.ts";
import type { FrameSink } from "../../../net/segment/frame.ts";
import type { StreamEnd } from "../../../net/stream/stream.ts";
import { listen } from "../../http/listen.ts";
import { type Logger, silentLogger } from "../../log.ts";
import { WireServer } from "../../wire/wire-server.ts";
import { Clients, type SegmentMode } from "../clients.ts";
import { GuestNbd } from "../guest-nbd.ts";
import type { LeaseStore } from "../lease-store.ts";
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from "../limits.ts";
import { SyntheticGuest } from "../synthetic-guest.ts";

export const SERVER = parseIpv4("10.86.0.1")!;

export interface LabOptions {
  readonly sizeBytes?: number;
  readonly leaseStore?: LeaseStore;
  readonly limits?: Partial<ClientLimits>;
  readonly logger?: Logger;
}

export interface PlugInOptions {
  readonly batch?: boolean;
  readonly large?: boolean;
  readonly mac?: number;
  readonly observe?: FrameSink;
}

/** The wire with its networks, and one export in memory. `onClose` takes what is to be called when the test is over. */
export async function clientLab(
  mode: SegmentMode,
  onClose: (close: () => unknown) => void,
  options: LabOptions = {},
) {
  const { sizeBytes = 16 * 1024 * 1024, leaseStore, limits, logger = silentLogger } = options;
  const bytes = new Uint8Array(randomBytes(sizeBytes));
  const hub = new ExportHub();
  hub.add({
    name: "kisroot",
    sizeBytes,
    readOnly: true,
    description: "memory",
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  });
  const sessions = newSessionCounters();
  const clients = new Clients(mode, {
    address: SERVER,
    prefixLength: 24,
    mtu: 1500,
    services: [{ port: NBD_PORT, service: (stream) => new NbdSession(stream, hub, sessions) }],
    ...(leaseStore !== undefined && { leaseStore }),
    limits: { ...DEFAULT_CLIENT_LIMITS, ...limits },
  });
  const http = createServer();
  const wire = new WireServer(http, { mtu: 1500, logger, attach: clients.attach });
  const port = await listen(http, "127.0.0.1", 0);
  onClose(async () => {
    await wire.close();
    await new Promise((resolve) => http.close(resolve));
  });
  /** A guest on the wire, without an address. */
  const connect = async (guestOptions: PlugInOptions = {}) => {
    const url = `ws://127.0.0.1:${port}/wire`;
    const guest = await SyntheticGuest.connect({ url, ...guestOptions });
    onClose(() => guest.close());
    return guest;
  };
  const plugIn = async (guestOptions: PlugInOptions = {}) => {
    const guest = await connect(guestOptions);
    const lease = await guest.acquire();
    return { guest, lease, station: guest.station };
  };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { clients, wire, sessions, connect, plugIn, sha256, port };
}

export type Station = SyntheticGuest["station"];

export function openDevice(station: Station, name = "kisroot"): Promise<GuestNbd> {
  return GuestNbd.open((handler) => station.connect({ address: SERVER, port: NBD_PORT }, handler), name);
}

/** How a connection ends that is opened and left alone. */
export function endOf(station: Station, port: number, address = SERVER): Promise<StreamEnd> {
  return new Promise((closed) =>
    station.connect({ address, port }, { data() {}, end() {}, drained() {}, closed }),
  );
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
