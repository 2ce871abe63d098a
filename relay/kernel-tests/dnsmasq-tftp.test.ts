import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BootServer } from "../../net/boot-server/boot-server.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { Ipv4Interface } from "../../net/ipv4/interface.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import {
  parseTftp,
  serializeTftp,
  TFTP_PORT,
  type TftpMessage,
  type TftpRequest,
} from "../../net/tftp/message.ts";
import { UdpServices } from "../../net/udp/services.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import { openBootFiles } from "../tftp/boot-files.ts";
import { type Dnsmasq, startDnsmasq } from "./dnsmasq.ts";

const SERVER = parseIpv4("10.86.0.1")!;
const CLIENT = parseIpv4("10.86.0.100")!;
const random = (length: number) => new Uint8Array(randomBytes(length));

/** A client's UDP, on a wire to a server. */
class Station {
  readonly udp: UdpServices;
  readonly #interface: Ipv4Interface;
  readonly #drive: Drive;
  #port = 2000;

  constructor(transmit: FrameSink) {
    this.#interface = new Ipv4Interface({
      mac: 0x02_00_00_00_00_64,
      address: CLIENT,
      prefixLength: 24,
      mtu: 1500,
      clock: monotonicClock,
      random,
      transmit,
      receive: (arrival) => this.udp.receive(arrival),
      unroutable: () => {},
    });
    this.udp = new UdpServices(this.#interface);
    this.#drive = drive(this.#interface, monotonicClock);
  }

  close(): void {
    this.#drive.close();
  }

  receive(frame: Uint8Array): void {
    this.#interface.receive(frame);
  }

  /** Fetches a file, acknowledging each block, until it is over. Resolves with all that the server said, a line each. */
  fetch(request: TftpRequest): Promise<string[]> {
    const port = this.#port++;
    const said: string[] = [];
    return new Promise((resolve) => {
      let blockBytes = 512;
      let retry: NodeJS.Timeout | undefined;
      const unbind = this.udp.bind(port, (payload, from) => {
        const message = parseTftp(payload);
        if (message.kind === "malformed") throw new Error(`The server sent nonsense: ${message.reason}.`);
        clearInterval(retry);
        said.push(describeMessage(message));
        if (message.kind === "option-ack") {
          blockBytes = Number(Object.fromEntries(message.options).blksize ?? 512);
        }
        const acknowledged = message.kind === "data" ? message.block : 0;
        if (message.kind !== "error") {
          this.udp.send(port, from, serializeTftp({ kind: "ack", block: acknowledged }));
        }
        if (message.kind === "error" || (message.kind === "data" && message.bytes.length < blockBytes)) {
          unbind();
          resolve(said);
        }
      });
      const ask = () => {
        this.udp.send(port, { address: SERVER, port: TFTP_PORT }, serializeTftp(request));
        this.#drive.wake();
      };
      // As every client does: dnsmasq may miss what comes in its first moments.
      retry = setInterval(ask, 1000);
      ask();
    });
  }
}

/** `data 1 512 6eeaf619…`: equal where the messages are. */
function describeMessage(message: TftpMessage): string {
  switch (message.kind) {
    case "data": {
      const hash = createHash("sha256").update(message.bytes).digest("hex");
      return `data ${message.block} ${message.bytes.length} ${hash}`;
    }
    case "option-ack":
      return `options ${message.options.map((option) => option.join("=")).join(" ")}`;
    case "error":
      return `error ${message.code} ${message.message}`;
    default:
      return message.kind;
  }
}

let root: string;
let dnsmasq: Dnsmasq;
let theirs: Station;
let ours: Station;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "netroot-tree-"));
  mkdirSync(join(root, "boot"));
  writeFileSync(join(root, "boot/linux"), randomBytes(100_000));
  writeFileSync(join(root, "blocks"), randomBytes(4096));
  writeFileSync(join(root, "empty"), "");
  writeFileSync(join(root, "lines"), "one\ntwo\n\nthree\n".repeat(200));
  writeFileSync(join(root, "return"), "a\rb");
  dnsmasq = await startDnsmasq([
    "dhcp-range=10.86.0.200,10.86.0.254,255.255.255.0,24h",
    "enable-tftp",
    `tftp-root=${root}`,
  ]);
  theirs = new Station((frame) => dnsmasq.tap.send(frame));
  dnsmasq.onFrame((frame) => theirs.receive(frame));
  const server: BootServer = new BootServer({
    mac: 0x02_00_00_00_00_01,
    address: SERVER,
    prefixLength: 24,
    mtu: 1500,
    clock: monotonicClock,
    random,
    transmit: (frame) => ours.receive(frame),
    tftp: { open: openBootFiles(root) },
  });
  ours = new Station((frame) => server.receive(frame));
});
afterAll(async () => {
  theirs?.close();
  ours?.close();
  await dnsmasq?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Sends the same requests to both, and the same acknowledgements. */
async function askBoth(over: Partial<TftpRequest>) {
  const request: TftpRequest = {
    kind: "request",
    operation: "read",
    path: "boot/linux",
    mode: "octet",
    options: [],
    ...over,
  };
  return { theirs: await theirs.fetch(request), ours: await ours.fetch(request) };
}

describe("the TFTP packets of dnsmasq and ours, in answer to the same", () => {
  it.each<[string, Partial<TftpRequest>]>([
    ["without options", {}],
    ["with a slash in front", { path: "/boot/linux" }],
    ["for a file of whole blocks", { path: "blocks" }],
    ["for an empty file", { path: "empty", options: [["tsize", "0"]] }],
    [
      "of iPXE",
      {
        options: [
          ["blksize", "1432"],
          ["tsize", "0"],
        ],
      },
    ],
    [
      "of pxelinux",
      {
        options: [
          ["tsize", "0"],
          ["blksize", "1408"],
        ],
      },
    ],
    [
      "with options that nobody knows",
      {
        options: [
          ["utimeout", "9"],
          ["tsize", "0"],
        ],
      },
    ],
    [
      "in netascii",
      {
        path: "lines",
        mode: "NetASCII",
        options: [
          ["tsize", "0"],
          ["blksize", "600"],
        ],
      },
    ],
  ])("are the same for a request %s", async (_, over) => {
    const { theirs, ours } = await askBoth(over);
    expect(theirs.length).toBeGreaterThan(0);
    expect(ours).toEqual(theirs);
  });

  it("differ where the client wants a window, or a time: dnsmasq 2.90 knows neither, ours does", async () => {
    const { theirs, ours } = await askBoth({
      options: [
        ["timeout", "3"],
        ["windowsize", "1"],
        ["blksize", "1024"],
      ],
    });
    expect(theirs[0]).toBe("options blksize=1024");
    expect(ours[0]).toBe("options blksize=1024 timeout=3 windowsize=1");
    expect(ours.slice(1)).toEqual(theirs.slice(1));
  });

  it("differ for a block size below 8, which RFC 2348 does not have: ours goes on without", async () => {
    const { theirs, ours } = await askBoth({ path: "blocks", options: [["blksize", "7"]] });
    expect(theirs[0]).toBe("options blksize=7");
    expect(ours).toEqual((await askBoth({ path: "blocks" })).ours);
  });

  it("differ for a CR in netascii: dnsmasq leaves the NUL out that RFC 764 puts behind it", async () => {
    const { theirs, ours } = await askBoth({ path: "return", mode: "netascii" });
    expect(theirs).toEqual([describeMessage({ kind: "data", block: 1, bytes: Buffer.from("a\rb") })]);
    expect(ours).toEqual([describeMessage({ kind: "data", block: 1, bytes: Buffer.from("a\r\0b") })]);
  });

  it("differ in the words of a refusal: ours name no path of the machine", async () => {
    const { theirs, ours } = await askBoth({ path: "gone" });
    expect(theirs).toEqual([`error 1 file ${root}/gone not found for 10.86.0.100`]);
    expect(ours).toEqual(["error 1 There is no gone."]);
    const outside = await askBoth({ path: "../secret" });
    expect(outside.theirs[0]).toMatch(/^error 2 /);
    expect(outside.ours).toEqual(["error 2 ../secret lies outside the boot tree."]);
  });

  it.each<[string, Partial<TftpRequest>, theirs: number, ours: number, why: string]>([
    ["another mode", { mode: "mail" }, 4, 4, "the same"],
    ["a folder", { path: "boot" }, 0, 1, "there is no such file, and ours says so in the number, too"],
    ["a write", { operation: "write" }, 4, 2, "it is known, and not allowed: tftpd-hpa says 2 as well"],
    ["no name", { path: "" }, 4, 1, "the request is whole, and there is no such file"],
  ])("have these numbers for %s", async (_name, over, theirNumber, ourNumber) => {
    const { theirs, ours } = await askBoth(over);
    expect(theirs[0]).toMatch(new RegExp(`^error ${theirNumber} `));
    expect(ours[0]).toMatch(new RegExp(`^error ${ourNumber} `));
  });
});
