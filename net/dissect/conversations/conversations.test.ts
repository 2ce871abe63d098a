import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatOctets } from "../../ethernet/octets.ts";
import { Command, Option } from "../../nbd/constants.ts";
import { encodeUtf8 } from "../../nbd/text.ts";
import { serializeOption, serializeRequest, serializeSimpleReply } from "../../nbd/wire.ts";
import { ACK, FIN, SYN } from "../../tcp/wire.ts";
import {
  CLIENT_FLAGS,
  GO,
  GO_ACK,
  GO_INFO,
  GREETING,
  READ,
  READ_ANSWER,
  type SegmentFields,
  tcp,
} from "../testing/frames.ts";
import type { TcpContext } from "./context.ts";
import { Conversations } from "./conversations.ts";

/** A connection from its first segment on, seen by whoever listens. */
class Connection {
  readonly conversations = new Conversations();
  #sent = { guest: 1, server: 1 };

  constructor() {
    this.segment({ fromGuest: true, sequence: 0, acknowledgment: 0, flags: SYN });
    this.segment({ fromGuest: false, sequence: 0, acknowledgment: 1, flags: SYN | ACK });
    this.segment({ fromGuest: true, sequence: 1, acknowledgment: 1 });
  }

  segment(fields: SegmentFields): TcpContext {
    const bytes = tcp(fields);
    return this.conversations.observe({ bytes, timeMs: 0, direction: fields.fromGuest ? "out" : "in" }).tcp!;
  }

  /** The next bytes of a side. */
  send(from: "guest" | "server", payload: Uint8Array, flags = ACK): TcpContext {
    const { guest, server } = this.#sent;
    const fromGuest = from === "guest";
    this.#sent[from] += payload.length;
    return this.segment({
      fromGuest,
      sequence: fromGuest ? guest : server,
      acknowledgment: fromGuest ? server : guest,
      flags,
      payload,
    });
  }

  /** Passes over bytes that nobody captured. */
  skip(from: "guest" | "server", bytes: number): void {
    this.#sent[from] += bytes;
  }

  /** Up to the first request. */
  shakeHands(): this {
    this.send("server", GREETING);
    this.send("guest", concatOctets([CLIENT_FLAGS, GO]));
    this.send("server", concatOctets([GO_INFO, GO_ACK]));
    return this;
  }
}

const kinds = (context: TcpContext) => context.nbd?.map(({ kind }) => kind);
const HANDSHAKE = ["greeting", "client-flags", "option", "option-reply", "option-reply"];

test("messages are found wherever the segments are cut, each in the segment with its last byte", () => {
  const whole = [
    ["server", GREETING],
    ["guest", concatOctets([CLIENT_FLAGS, GO])],
    ["server", concatOctets([GO_INFO, GO_ACK])],
    ["guest", READ],
    ["server", READ_ANSWER],
  ] as const;
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 400 })), (sizes) => {
      const connection = new Connection();
      const found: string[] = [];
      for (const [from, bytes] of whole) {
        let at = 0;
        while (at < bytes.length) {
          const size = sizes.next().value!;
          const parts = connection.send(from, bytes.subarray(at, at + size)).nbd!;
          found.push(...parts.map(({ kind }) => kind));
          // The last byte of a message lies in the segment that it is found in.
          for (const { to, lengthBytes } of parts) expect(to).toBe(lengthBytes);
          at += size;
        }
      }
      expect(found).toEqual([...HANDSHAKE, "request", "simple-reply"]);
    }),
    { numRuns: 50 },
  );
});

test("a byte at a time is cut finely enough", () => {
  const connection = new Connection().shakeHands();
  const seen = Array.from(READ, (byte) => connection.send("guest", Uint8Array.of(byte)).nbd!);
  expect(seen.slice(0, -1).flat()).toEqual([]);
  expect(seen.at(-1)).toMatchObject([{ kind: "request", frames: 28, firstNumber: 7, from: 27, to: 28 }]);
});

test("a reply knows its request", () => {
  const connection = new Connection().shakeHands();
  connection.send("guest", READ);
  const [reply] = connection.send("server", READ_ANSWER).nbd!;
  expect(reply).toMatchObject({
    kind: "simple-reply",
    lengthBytes: 16 + 1024,
    requested: { command: Command.read, offset: 4096n, length: 1024, number: 7 },
  });
});

test("the data of a write belongs to the request, and an error carries no data", () => {
  const connection = new Connection().shakeHands();
  const write = serializeRequest({ flags: 0, command: Command.write, cookie: 1n, offset: 0n, length: 8 });
  const [request, next] = connection.send("guest", concatOctets([write, new Uint8Array(8), READ])).nbd!;
  expect(request).toMatchObject({ kind: "request", lengthBytes: 36 });
  expect(next).toMatchObject({ kind: "request", lengthBytes: 28 });
  const failed = serializeSimpleReply({ error: 5, cookie: 9n });
  const done = serializeSimpleReply({ error: 0, cookie: 1n });
  const replies = connection.send("server", concatOctets([failed, done])).nbd!;
  expect(replies.map(({ lengthBytes, requested }) => [lengthBytes, requested?.command])).toEqual([
    [16, Command.read],
    [16, Command.write],
  ]);
});

test.each([
  [3, 10],
  [1, 134],
])("the answer to the old way of naming an export, with client flags %i, has %i bytes", (flags, length) => {
  const connection = new Connection();
  connection.send("server", GREETING);
  connection.send("guest", Uint8Array.of(0, 0, 0, flags));
  connection.send("guest", serializeOption(Option.exportName, encodeUtf8("kisroot")));
  expect(kinds(connection.send("server", new Uint8Array(length)))).toEqual(["export"]);
  expect(kinds(connection.send("guest", READ))).toEqual(["request"]);
  expect(kinds(connection.send("server", READ_ANSWER))).toEqual(["simple-reply"]);
});

describe("segments that are not in order", () => {
  const at = 1 + GREETING.length + GO_INFO.length + GO_ACK.length;
  const acknowledgment = 1 + CLIENT_FLAGS.length + GO.length + READ.length;
  const piece = (from: number, to: number): SegmentFields => ({
    fromGuest: false,
    sequence: at + from,
    acknowledgment,
    payload: READ_ANSWER.subarray(from, to),
  });
  const ready = () => {
    const connection = new Connection().shakeHands();
    connection.send("guest", READ);
    return connection;
  };

  test("are put in order, and said to be what they are", () => {
    const connection = ready();
    expect(connection.segment(piece(0, 400))).toMatchObject({ notes: [], nbd: [] });
    expect(connection.segment(piece(800, 1040))).toMatchObject({ notes: ["lost-segment"], nbd: [] });
    const filled = connection.segment(piece(400, 800));
    expect(filled.notes).toEqual(["out-of-order"]);
    expect(filled.nbd).toMatchObject([{ kind: "simple-reply", from: 400, to: 800, frames: 3 }]);
  });

  test("are not read twice when they are sent again", () => {
    const connection = ready();
    connection.segment(piece(0, 400));
    expect(connection.segment(piece(0, 400))).toMatchObject({ notes: ["retransmission"], nbd: [] });
    expect(connection.segment(piece(100, 300))).toMatchObject({ notes: ["retransmission"], nbd: [] });
    expect(kinds(connection.segment(piece(300, 1040)))).toEqual(["simple-reply"]);
  });

  test("that overlap give each byte once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 1039 }), fc.integer({ min: 1, max: 300 })), { maxLength: 12 }),
        (pieces) => {
          const connection = ready();
          const found = [
            ...pieces.map(([from, length]) => piece(from, Math.min(1040, from + length))),
            piece(0, 1040),
          ]
            .flatMap((fields) => connection.segment(fields).nbd!)
            .filter(({ kind }) => kind === "simple-reply");
          expect(found).toMatchObject([{ lengthBytes: 1040 }]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("are given up where a gap stays, and the next reply is found again", () => {
    const connection = ready();
    connection.skip("server", 500);
    for (let count = 0; count < 300; count += 1) connection.send("server", new Uint8Array(1400));
    connection.send("guest", READ);
    expect(kinds(connection.send("server", READ_ANSWER))).toEqual(["simple-reply"]);
  });
});

test("a connection whose beginning was not captured is read from its next message on", () => {
  const conversations = new Conversations();
  const observe = (fields: SegmentFields) =>
    conversations.observe({ bytes: tcp(fields), timeMs: 0, direction: "in" }).tcp!;
  expect(
    observe({ fromGuest: false, sequence: 5000, acknowledgment: 900, payload: new Uint8Array(100) }).nbd,
  ).toEqual([]);
  expect(kinds(observe({ fromGuest: true, sequence: 900, acknowledgment: 5100, payload: READ }))).toEqual([
    "request",
  ]);
  const answer = observe({ fromGuest: false, sequence: 5100, acknowledgment: 928, payload: READ_ANSWER });
  expect(answer.nbd).toMatchObject([{ kind: "simple-reply", requested: { length: 1024 } }]);
});

test("what is no NBD on NBD's port is let be", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 60 }))), (list) => {
      const connection = new Connection();
      for (const [fromGuest, bytes] of list) connection.send(fromGuest ? "guest" : "server", bytes);
    }),
    { numRuns: 300 },
  );
});

test("acknowledgments, windows and probes are told apart", () => {
  const connection = new Connection();
  connection.send("server", GREETING);
  const ack = { fromGuest: true, sequence: 1, acknowledgment: 1 };
  expect(connection.segment(ack).notes).toEqual(["duplicate-ack"]);
  expect(connection.segment({ ...ack, window: 700 }).notes).toEqual(["window-update"]);
  expect(connection.segment({ ...ack, window: 0 }).notes).toEqual(["zero-window", "window-update"]);
  expect(connection.segment({ ...ack, sequence: 0, acknowledgment: 19 }).notes).toEqual(["keep-alive"]);
});

test("the same ports again are another stream", () => {
  const connection = new Connection();
  connection.send("guest", new Uint8Array(0), ACK | FIN);
  const again = connection.segment({ fromGuest: true, sequence: 70_000, acknowledgment: 0, flags: SYN });
  expect(again).toMatchObject({ stream: 1, notes: [] });
  expect(
    connection.segment({ fromGuest: false, sequence: 90_000, acknowledgment: 70_001, flags: SYN | ACK }),
  ).toMatchObject({ stream: 1 });
});
