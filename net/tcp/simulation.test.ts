import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ByteStream } from "../stream/stream.ts";
import {
  LEFT,
  Recorder,
  RIGHT,
  SimulatedLink,
  seededBytes,
  seededRandom,
  writeAll,
} from "./simulated-link.ts";

interface Transfer {
  readonly link: SimulatedLink;
  readonly client: Recorder;
  readonly server: Recorder;
}

/** The right side connects and sends `up`; the left side listens and sends `down`; both then close. */
function transfer(
  link: SimulatedLink,
  up: Uint8Array,
  down: Uint8Array,
  chunkSize: number,
  settings = {},
  largePacketBytes = 1500,
): Transfer {
  const left = link.endpoint(LEFT, settings, undefined, largePacketBytes);
  const right = link.endpoint(RIGHT, settings);
  const server = new Recorder();
  const client = new Recorder();
  left.listen(10809, (stream: ByteStream) => {
    writeAll(stream, server, down, chunkSize);
    return server;
  });
  const stream = right.connect({ address: LEFT, port: 10809 }, client);
  writeAll(stream, client, up, chunkSize);
  link.settle();
  expect(Buffer.compare(server.bytes(), up)).toBe(0);
  expect(Buffer.compare(client.bytes(), down)).toBe(0);
  expect([client.reason, server.reason]).toEqual(["finished", "finished"]);
  expect([client.ended, server.ended]).toEqual([true, true]);
  expect([client.late, server.late]).toEqual([0, 0]);
  for (const endpoint of [left, right]) {
    expect([endpoint.counters.flowsOpen, endpoint.counters.flowsInTimeWait]).toEqual([0, 0]);
    expect(endpoint.deadline()).toBe(Number.POSITIVE_INFINITY);
  }
  return { link, client, server };
}

describe("two endpoints on a link", () => {
  test("carry bytes both ways and close", () => {
    transfer(new SimulatedLink(), seededBytes(1)(300_000), seededBytes(2)(2_000_000), 65_536);
  });

  test("carry bytes both ways whatever the link loses, repeats, delays and reorders", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer(),
          loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
          repeat: fc.double({ min: 0, max: 0.3, noNaN: true }),
          jitterMs: fc.integer({ min: 0, max: 60 }),
          up: fc.integer({ min: 0, max: 60_000 }),
          down: fc.integer({ min: 0, max: 60_000 }),
          chunkSize: fc.integer({ min: 1, max: 20_000 }),
          receiveWindow: fc.constantFrom(3000, 20_000, 256 * 1024),
          nagle: fc.boolean(),
          largePacketBytes: fc.constantFrom(1500, 5000, 49_000),
        }),
        ({ seed, loss, repeat, jitterMs, up, down, chunkSize, receiveWindow, nagle, largePacketBytes }) => {
          const random = seededRandom(seed);
          const link = new SimulatedLink(() => {
            if (random() < loss) return [];
            const delay = 1 + Math.floor(random() * jitterMs);
            return random() < repeat ? [delay, 1 + Math.floor(random() * jitterMs * 2)] : [delay];
          });
          transfer(
            link,
            seededBytes(seed)(up),
            seededBytes(seed + 1)(down),
            Math.max(chunkSize, 64, Math.ceil(Math.max(up, down) / 500)),
            { receiveWindow, nagle, handshakeTimeoutMs: 3_600_000, timeWaitMs: 3_600_000 },
            largePacketBytes,
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});
