import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { concatOctets } from "../ethernet/octets.ts";
import { seededRandom } from "../tcp/simulated-link.ts";
import type { TftpFile, TftpOpen } from "./file.ts";
import { serializeTftp, TFTP_PORT, type TftpMessage, type TftpOption, tftpErrorCode } from "./message.ts";
import { decodeNetascii } from "./netascii.ts";
import { CLIENT_ADDRESS, type Fate, SimulatedClient, SimulatedNetwork } from "./simulated-network.ts";

/** Files in memory, and how many of them are open. */
function files(contents: Readonly<Record<string, Uint8Array>>) {
  const state = { open: 0, opened: 0 };
  const open: TftpOpen = async (path) => {
    const content = contents[path];
    if (content === undefined) return { code: tftpErrorCode.fileNotFound, message: `There is no ${path}.` };
    state.open++;
    state.opened++;
    const file: TftpFile = {
      sizeBytes: content.length,
      read: async (offset, length) => content.subarray(offset, offset + length),
      close: async () => {
        state.open--;
      },
    };
    return file;
  };
  return { state, open };
}

function someBytes(length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Loses, duplicates and delays; never more than two datagrams of a direction in a row are lost, so that nobody gives up. */
function impaired({ seed, loss, duplication, jitterMs }: Impairment): Fate {
  const random = seededRandom(seed);
  const inARow = { client: 0, server: 0 };
  return ({ kind }) => {
    const from = kind === "ack" || kind === "request" ? "client" : "server";
    if (random() < loss && inARow[from] < 2) {
      inARow[from]++;
      return [];
    }
    inARow[from] = 0;
    const delay = () => 1 + Math.floor(random() * jitterMs);
    return random() < duplication ? [delay(), delay()] : [delay()];
  };
}

interface Impairment {
  readonly seed: number;
  readonly loss: number;
  readonly duplication: number;
  readonly jitterMs: number;
}

const impairment = fc.record({
  seed: fc.nat(),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
  // Up to longer than anybody waits.
  jitterMs: fc.constantFrom(1, 5, 50, 3000),
});

const options = fc
  .record(
    {
      blksize: fc.integer({ min: 8, max: 65_464 }),
      windowsize: fc.integer({ min: 1, max: 40 }),
      timeout: fc.integer({ min: 1, max: 5 }),
      tsize: fc.constant(0),
    },
    { requiredKeys: [] },
  )
  .map((all) => Object.entries(all).map(([name, value]): TftpOption => [name, String(value)]));

const request = (over: Partial<Extract<TftpMessage, { kind: "request" }>> = {}): TftpMessage => ({
  kind: "request",
  operation: "read",
  path: "f",
  mode: "octet",
  options: [],
  ...over,
});

describe("a file", () => {
  it("arrives whole over any network, in each mode, with any options", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20_000 }),
        fc.constantFrom("octet", "netascii"),
        options,
        impairment,
        async (length, mode, options, how) => {
          // Small numbers: many ends of lines.
          const content = someBytes(length, how.seed).map((each) => (each < 128 ? each % 16 : each));
          const { open, state } = files({ f: content });
          const network = new SimulatedNetwork({ open }, impaired(how));
          const client = new SimulatedClient(network, { mode, options });
          await network.run();
          expect(client.error).toBeUndefined();
          const received = concatOctets(client.blocks);
          expect(mode === "octet" ? received : decodeNetascii(received)).toEqual(content);
          expect(network.server.counters.completed).toBeGreaterThan(0);
          // Nothing is left: no port, no file.
          expect(network.ports).toEqual([TFTP_PORT]);
          expect([state.open, network.server.transfers]).toEqual([0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    [0, 1],
    [511, 1],
    [512, 2],
    [513, 2],
    [1024, 3],
  ])("of %d bytes is %d blocks", async (length, blocks) => {
    const { open } = files({ f: someBytes(length) });
    const network = new SimulatedNetwork({ open });
    const client = new SimulatedClient(network);
    await network.run();
    expect([client.complete, client.blocks.length]).toEqual([true, blocks]);
    expect(network.server.counters).toMatchObject({
      dataSent: blocks,
      bytesSent: length,
      retransmissions: 0,
    });
  });

  it.each([1, 100])("may have more blocks than there are numbers, with a window of %d", async (window) => {
    const content = someBytes(8 * 65_536 * 2 + 3);
    const { open } = files({ f: content });
    const random = seededRandom(4);
    const network = new SimulatedNetwork({ open }, ({ kind }) =>
      kind === "data" && random() < 0.001 ? [] : [1],
    );
    const options: TftpOption[] = [
      ["blksize", "8"],
      ...(window === 1 ? [] : [["windowsize", `${window}`] as const]),
    ];
    const client = new SimulatedClient(network, { options });
    await network.run(() => client.over);
    expect(client.blocks).toHaveLength(2 * 65_536 + 1);
    expect(Buffer.from(concatOctets(client.blocks)).equals(content)).toBe(true);
  });

  it("is told what was agreed on", async () => {
    const { open } = files({ f: someBytes(5000) });
    const network = new SimulatedNetwork({ open });
    const options: TftpOption[] = [
      ["tsize", "0"],
      ["blksize", "1468"],
      ["utimeout", "5"],
      ["windowsize", "4"],
    ];
    const client = new SimulatedClient(network, { options });
    await network.run();
    expect(client.options).toEqual({ tsize: "5000", blksize: "1468", windowsize: "4" });
    expect(client.blocks.map(({ length }) => length)).toEqual([1468, 1468, 1468, 596]);
  });
});

describe("the Sorcerer's Apprentice", () => {
  it("does not double anything where every datagram comes twice", async () => {
    const { open } = files({ f: someBytes(50_000) });
    const network = new SimulatedNetwork({ open }, () => [1, 2]);
    const client = new SimulatedClient(network);
    await network.run();
    expect(client.complete).toBe(true);
    // The request came twice as well, and was answered twice.
    expect(network.server.counters).toMatchObject({ dataSent: 99, retransmissions: 1, repeatedRequests: 1 });
  });

  it("never sends more than a window for a block of progress", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat(), async (window, seed) => {
        const { open } = files({ f: someBytes(30_000) });
        const how = { seed, loss: 0, duplication: 1, jitterMs: 20 };
        const network = new SimulatedNetwork({ open }, impaired(how));
        const client = new SimulatedClient(network, { options: [["windowsize", String(window)]] });
        await network.run();
        expect(client.complete).toBe(true);
        expect(network.server.counters.dataSent).toBeLessThanOrEqual(59 * window + window);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a silent client", () => {
  it("is sent the same again, each time after twice the time up to a bound, and then no more", async () => {
    const { open, state } = files({ f: someBytes(5000) });
    const network = new SimulatedNetwork({ open });
    const at: number[] = [];
    network.listen(2000, (message) => {
      if (message.kind === "data") at.push(network.now());
    });
    network.send(2000, TFTP_PORT, request());
    await network.run();
    expect(at.slice(1).map((ms, index) => ms - at[index]!)).toEqual([
      1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000,
    ]);
    expect(network.sent.at(-1)).toMatchObject({ kind: "error", message: expect.stringContaining("silent") });
    expect(network.server.counters).toMatchObject({ timedOut: 1, completed: 0, retransmissions: 8 });
    expect([state.open, network.ports]).toEqual([0, [TFTP_PORT]]);
  });

  it("is waited for as long as it wished", async () => {
    const { open } = files({ f: someBytes(5000) });
    const network = new SimulatedNetwork({ open });
    const at: number[] = [];
    network.listen(2000, (message) => {
      if (message.kind === "option-ack") at.push(network.now());
    });
    network.send(2000, TFTP_PORT, request({ options: [["timeout", "20"]] }));
    await network.run();
    expect(at).toHaveLength(9);
    expect(at.slice(1).every((ms, index) => ms - at[index]! === 20_000)).toBe(true);
  });
});

/** A transfer that has sent its first packet and waits. */
async function waiting(over: Partial<Extract<TftpMessage, { kind: "request" }>> = {}) {
  const { open, state } = files({ f: someBytes(5000), g: someBytes(10) });
  const network = new SimulatedNetwork({ open });
  const heard: { message: TftpMessage; port: number }[] = [];
  network.listen(2000, (message, port) => heard.push({ message, port }));
  network.send(2000, TFTP_PORT, request(over));
  await network.run(() => heard.length === 1);
  return { network, state, heard, port: heard[0]!.port, counters: network.server.counters };
}

describe("what a transfer does with packets that it did not wait for", () => {
  it("tells a stranger, and goes on", async () => {
    const { network, port, heard, counters } = await waiting();
    const stranger: TftpMessage[] = [];
    network.listen(2001, (message) => stranger.push(message));
    network.send(2001, port, { kind: "ack", block: 1 });
    await network.run(() => stranger.length === 1);
    expect(stranger[0]).toMatchObject({ kind: "error", code: 5 });
    expect(counters.unknownTransfers).toBe(1);
    // An error is not answered with one.
    network.send(2001, port, { kind: "error", code: 0, message: "" });
    network.send(2000, port, { kind: "ack", block: 1 });
    await network.run(() => heard.length === 2);
    expect(stranger).toHaveLength(1);
    expect(heard[1]!.message).toMatchObject({ kind: "data", block: 2 });
  });

  it("drops nonsense and counts it", async () => {
    const { network, port, counters } = await waiting();
    network.inject(port, bytes("00 09"));
    network.inject(port, bytes("ff"));
    network.inject(port, serializeTftp({ kind: "data", block: 1, bytes: bytes("01") }));
    network.inject(port, serializeTftp({ kind: "option-ack", options: [] }));
    network.inject(port, serializeTftp({ kind: "ack", block: 0 }));
    network.inject(port, serializeTftp({ kind: "ack", block: 2 }));
    network.inject(port, serializeTftp({ kind: "ack", block: 0xffff }));
    expect(counters).toMatchObject({ malformed: 2, unexpected: 2, staleAcks: 3, dataSent: 1 });
    expect(network.server.transfers).toBe(1);
  });

  it("waits for ACK 0 after the options", async () => {
    const { network, port, counters } = await waiting({ options: [["blksize", "600"]] });
    network.inject(port, serializeTftp({ kind: "ack", block: 1 }));
    expect(counters).toMatchObject({ staleAcks: 1, dataSent: 0 });
  });

  it("ends when the client sends an error: pxelinux does, when it only wanted the size", async () => {
    const { network, port, state, counters } = await waiting({ options: [["tsize", "0"]] });
    network.inject(port, serializeTftp({ kind: "error", code: 0, message: "TFTP Aborted" }));
    expect(counters.abandoned).toBe(1);
    expect([network.server.transfers, state.open, network.ports]).toEqual([0, 0, [TFTP_PORT]]);
  });

  it("answers a request that comes again with the same packet, from the same port", async () => {
    const { network, heard, port, state, counters } = await waiting();
    network.inject(TFTP_PORT, serializeTftp(request()));
    await network.run(() => heard.length === 2);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[1]!.port).toBe(port);
    expect([state.opened, counters.repeatedRequests]).toEqual([1, 1]);
  });

  it("begins another beside it for another request from the same port", async () => {
    const { network, heard, port, state, counters } = await waiting();
    network.inject(TFTP_PORT, serializeTftp(request({ path: "g" })));
    await network.run(() => heard.length === 2);
    expect(heard[1]!.message).toMatchObject({ kind: "data", block: 1, bytes: someBytes(10) });
    expect(heard[1]!.port).not.toBe(port);
    expect([state.open, counters.abandoned]).toEqual([2, 0]);
  });

  it("begins another beside it when the same is asked for in the middle: which of them goes on is the client's choice", async () => {
    const { network, heard, port, state, counters } = await waiting();
    network.inject(port, serializeTftp({ kind: "ack", block: 1 }));
    network.inject(TFTP_PORT, serializeTftp(request()));
    await network.run(() => heard.length === 3);
    expect(heard[2]!.message).toMatchObject({ kind: "data", block: 1 });
    expect(state.open).toBe(2);
    network.inject(heard[2]!.port, serializeTftp({ kind: "error", code: 5, message: "" }));
    network.inject(port, serializeTftp({ kind: "ack", block: 2 }));
    await network.run(() => heard.length === 4);
    expect(heard[3]).toMatchObject({ message: { kind: "data", block: 3 }, port });
    expect([state.open, counters.abandoned]).toEqual([1, 1]);
  });
});

describe("a request that is not answered with a file", () => {
  const long = "x".repeat(1400);
  it.each<[string, Parameters<typeof request>[0], number, RegExp]>([
    ["to write", { operation: "write" }, 2, /takes none/],
    ["in another mode", { mode: "mail" }, 4, /no mode "mail".*octet/],
    ["for what is not there", { path: "gone" }, 1, /There is no gone/],
    ["with a name that fits into no answer", { path: long }, 1, /There is no xxx/],
    ["with a mode that fits into no answer", { mode: long }, 4, /no mode "xxx/],
  ])("%s", async (_, over, code, words) => {
    const { open, state } = files({ f: someBytes(10) });
    const network = new SimulatedNetwork({ open });
    const client = new SimulatedClient(network, over);
    await network.run();
    expect(client.error).toMatchObject({ kind: "error", code, message: expect.stringMatching(words) });
    expect(client.error!.message.length).toBeLessThanOrEqual(160);
    expect([state.open, network.server.transfers, network.ports]).toEqual([0, 0, [TFTP_PORT]]);
  });

  it("is one too many of a client; another client has its own", async () => {
    const { open } = files({ f: someBytes(5000) });
    const network = new SimulatedNetwork({ open, transfersPerClient: 2 });
    const heard: TftpMessage[] = [];
    const ask = (port: number, address?: number) => {
      network.listen(port, (message) => heard.push(message), address);
      network.send(port, TFTP_PORT, request(), address);
    };
    ask(1);
    ask(2);
    ask(3);
    ask(4, CLIENT_ADDRESS + 1);
    await network.run(() => heard.length === 4);
    expect(heard.filter(({ kind }) => kind === "data")).toHaveLength(3);
    expect(heard.find(({ kind }) => kind === "error")).toMatchObject({
      message: expect.stringContaining("Too many"),
    });
    expect(network.server.counters.refusedBusy).toBe(1);
  });

  it("came from nowhere, or to everyone, or is none", () => {
    const { open, state } = files({ f: someBytes(10) });
    const network = new SimulatedNetwork({ open });
    const { counters } = network.server;
    network.inject(TFTP_PORT, serializeTftp(request()), { broadcast: true });
    network.inject(TFTP_PORT, serializeTftp(request()), { address: 0 });
    network.inject(TFTP_PORT, serializeTftp({ kind: "ack", block: 0 }));
    network.inject(TFTP_PORT, serializeTftp({ kind: "error", code: 0, message: "x" }));
    network.inject(TFTP_PORT, bytes("00 09 00 00"));
    network.inject(TFTP_PORT, bytes(""));
    expect(counters).toMatchObject({ unexpected: 4, malformed: 2, requests: 0 });
    expect([state.opened, network.sent.length]).toEqual([0, 0]);
  });

  it("any bytes leave the server as it was", async () => {
    const { open } = files({ f: someBytes(700) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 30 })), async (packets) => {
        const network = new SimulatedNetwork({ open });
        const client = new SimulatedClient(network);
        for (const packet of packets) {
          network.inject(TFTP_PORT, packet, { port: 3000 });
          for (const port of network.ports.slice(1)) network.inject(port, packet, { port: 3000 });
        }
        await network.run();
        expect(client.complete).toBe(true);
      }),
    );
  });
});

describe("a file that changes while it is sent", () => {
  it.each<[string, TftpFile["read"], RegExp]>([
    ["becomes shorter", async (_, length) => new Uint8Array(length - 1), /became shorter/],
    ["goes away", () => Promise.reject(new Error("EIO")), /no longer be read/],
  ])("%s: the client is told", async (_, read, words) => {
    let closed = 0;
    const close = async () => {
      closed++;
    };
    const network = new SimulatedNetwork({ open: async () => ({ sizeBytes: 5000, read, close }) });
    const plain = new SimulatedClient(network);
    const agreed = new SimulatedClient(network, { options: [["tsize", "0"]] }, 2001);
    await network.run();
    expect(plain.error?.message).toMatch(words);
    expect(agreed.error?.message).toMatch(words);
    expect(network.server.counters.failed).toBe(2);
    expect(closed).toBe(2);
  });
});

describe("closing", () => {
  it("tells the clients, and closes the files that are open or are being opened", async () => {
    const { open, state } = files({ f: someBytes(5000) });
    const network = new SimulatedNetwork({ open });
    const client = new SimulatedClient(network);
    await network.run(() => client.blocks.length === 2);
    network.inject(TFTP_PORT, serializeTftp(request()), { port: 7 });
    network.server.close();
    network.server.close();
    await network.run();
    expect(client.error?.message).toMatch(/closing/);
    expect([state.opened, state.open, network.ports, network.server.transfers]).toEqual([2, 0, [], 0]);
    expect(network.server.deadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
