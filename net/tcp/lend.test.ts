import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BufferPool } from "../export/buffer-pool.ts";
import type { ByteStream } from "../stream/stream.ts";
import { LEFT, Recorder, RIGHT, SimulatedLink, seededBytes, seededRandom } from "./simulated-link.ts";

/** What is in memory that was given back. */
const OVERWRITTEN = 0xee;

/** Lends `bytes` in pieces out of a pool, and spoils each piece as soon as it comes back. */
class Lender {
  lent = 0;
  returned = 0;
  readonly #pool = new BufferPool(256 * 1024);
  readonly #stream: ByteStream;
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #offset = 0;

  constructor(stream: ByteStream, bytes: Uint8Array, pieceBytes: number) {
    this.#stream = stream;
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
  }

  lendAll(): void {
    while (this.#offset < this.#bytes.length) {
      const source = this.#bytes.subarray(this.#offset, this.#offset + this.#pieceBytes);
      const piece = this.#pool.take(source.length);
      piece.set(source);
      this.#offset += piece.length;
      this.lent += 1;
      this.#stream.lend?.(() => {
        this.returned += 1;
        piece.fill(OVERWRITTEN);
        this.#pool.giveBack(piece);
      }, piece);
    }
  }
}

describe("bytes that were lent to a connection", () => {
  test("arrive as they were, however often they had to be sent, though each comes back to be used again", () => {
    const conditions = fc.record({
      seed: fc.integer(),
      loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
      repeat: fc.double({ min: 0, max: 0.3, noNaN: true }),
      jitterMs: fc.integer({ min: 0, max: 60 }),
      pieceBytes: fc.integer({ min: 200, max: 20_000 }),
    });
    let retransmits = 0;
    fc.assert(
      fc.property(conditions, ({ seed, loss, repeat, jitterMs, pieceBytes }) => {
        const random = seededRandom(seed);
        const delay = (most: number) => 1 + Math.floor(random() * most);
        const link = new SimulatedLink(() => {
          if (random() < loss) return [];
          return random() < repeat ? [delay(jitterMs), delay(jitterMs * 2)] : [delay(jitterMs)];
        });
        const bytes = seededBytes(seed)(100_000).map((octet) => (octet === OVERWRITTEN ? 0 : octet));
        const left = link.endpoint(LEFT, { handshakeTimeoutMs: 3_600_000, timeWaitMs: 3_600_000 });
        let lender: Lender | undefined;
        left.listen(10809, (stream) => {
          lender = new Lender(stream, bytes, pieceBytes);
          lender.lendAll();
          stream.end();
          return new Recorder();
        });
        const client = new Recorder();
        const stream = link
          .endpoint(RIGHT, { handshakeTimeoutMs: 3_600_000 })
          .connect({ address: LEFT, port: 10809 }, client);
        stream.end();
        link.settle();
        expect(Buffer.compare(client.bytes(), bytes)).toBe(0);
        expect(lender?.returned).toBe(lender?.lent);
        retransmits += left.counters.retransmits;
      }),
      { numRuns: 100 },
    );
    expect(retransmits).toBeGreaterThan(0);
  });

  test("come back once when the connection breaks, and at once when it is over already", () => {
    const link = new SimulatedLink();
    const accepted: ByteStream[] = [];
    link.endpoint(LEFT).listen(10809, (stream) => {
      accepted.push(stream);
      return new Recorder();
    });
    const right = link.endpoint(RIGHT);
    right.connect({ address: LEFT, port: 10809 }, new Recorder());
    link.step();
    link.step();
    link.step();
    link.fate = () => [];
    const [stream] = accepted as [ByteStream];
    const lender = new Lender(stream, seededBytes(1)(50_000), 10_000);
    lender.lendAll();
    expect([lender.lent, lender.returned]).toEqual([5, 0]);
    stream.abort();
    expect(lender.returned).toBe(5);
    new Lender(stream, new Uint8Array(100), 100).lendAll();
    let returned = 0;
    stream.lend?.(() => (returned += 1), new Uint8Array(9));
    expect(returned).toBe(1);
  });
});
