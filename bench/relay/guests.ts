// Guests that read one export at once for a while: `guests.ts WHERE COUNT SECONDS WARM-UP MTU LARGE`. WHERE is a wire (ws://…/wire), or
// tcp://HOST:PORT for an nbd-server without anything in between. Prints "ready" when all have opened it, begins at the
// first byte on its input, and prints the octets that each has read and the seconds that it took, as JSON. They have read for
// WARM-UP seconds by then: what runs for days is not measured in the seconds in which it is compiled.
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { GuestNbd } from "../../relay/client/guest-nbd.ts";
import { SyntheticGuest } from "../../relay/client/synthetic-guest.ts";
import { dialTcp } from "../../relay/exports/socket-stream.ts";

/** As a Linux guest does that reads ahead. */
const REQUEST_BYTES = 128 * 1024;
const DEPTH = 8;
const SERVER = parseIpv4("10.86.0.1")!;

export interface GuestsReport {
  readonly bytes: readonly number[];
  readonly seconds: number;
}

const [where = "", count = "1", seconds = "5", warmUp = "2", mtu = "1500", large = "no"] =
  process.argv.slice(2);
const devices: GuestNbd[] = [];
for (let index = 0; index < Number(count); index++) devices.push(await open(where));
await readAll(Number(warmUp));
process.stdout.write("ready\n");
await once(process.stdin, "data");

const beganAtMs = performance.now();
const bytes = await readAll(Number(seconds));
const report: GuestsReport = { bytes, seconds: (performance.now() - beganAtMs) / 1000 };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);

async function open(where: string): Promise<GuestNbd> {
  const url = new URL(where);
  if (url.protocol === "tcp:") {
    const target = { host: url.hostname, port: Number(url.port) };
    return GuestNbd.open((handler) => dialTcp(target, handler), "kisroot");
  }
  const guest = await SyntheticGuest.connect({ url: where, mtu: Number(mtu), large: large === "large" });
  await guest.acquire();
  const connect = guest.station.connect.bind(guest.station, { address: SERVER, port: NBD_PORT });
  return GuestNbd.open(connect, "kisroot");
}

/** All read at once. Resolves with the octets that each got. */
function readAll(seconds: number): Promise<number[]> {
  const endAtMs = performance.now() + seconds * 1000;
  return Promise.all(devices.map((device, index) => readOn(device, index, endAtMs)));
}

/** Reads in order, from a place of its own on, until the time is over. Resolves with the octets that came. */
async function readOn(device: GuestNbd, index: number, endAtMs: number): Promise<number> {
  let total = 0;
  let next = (index * 7 * REQUEST_BYTES) % device.info.sizeBytes;
  const reader = async () => {
    while (performance.now() < endAtMs) {
      const offset = next;
      next = (next + REQUEST_BYTES) % (device.info.sizeBytes - REQUEST_BYTES);
      const { length } = await device.read(offset, REQUEST_BYTES);
      total += length;
    }
  };
  await Promise.all(Array.from({ length: DEPTH }, reader));
  return total;
}
