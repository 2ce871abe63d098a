import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ClientEnd, type ExportInfo, NbdClient } from "./client.ts";
import { NbdError, Option, OptionReply, TransmissionFlag } from "./constants.ts";
import { concat, feed, RecordedStream, settle } from "./testing/recorded-stream.ts";
import { contentAt, disk, NONE, SIZE, start } from "./testing/session.ts";
import { encodeUtf8 } from "./text.ts";
import {
  parseOptionHeader,
  parseRequest,
  serializeGreeting,
  serializeOptionReply,
  serializeSimpleReply,
} from "./wire.ts";

function connect(name = "kisroot") {
  const stream = new RecordedStream();
  const log = {
    ready: [] as ExportInfo[],
    replies: [] as [cookie: bigint, error: number, data: Uint8Array][],
    ends: [] as ClientEnd[],
  };
  const client = new NbdClient(name, {
    ready: (info) => log.ready.push(info),
    reply: (cookie, error, data) => log.replies.push([cookie, error, data.slice()]),
    ended: (end) => log.ends.push(end),
  });
  client.attach(stream);
  return { client, stream, log, said: () => stream.takeAll() };
}

/** NBD_REP_INFO with NBD_INFO_EXPORT. */
function infoReply(sizeBytes: bigint, flags: number): Uint8Array {
  return serializeOptionReply(
    Option.go,
    OptionReply.info,
    concat(Uint8Array.of(0, 0), sizeAndFlags(sizeBytes, flags)),
  );
}

function sizeAndFlags(sizeBytes: bigint, flags: number): Uint8Array {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, sizeBytes);
  view.setUint16(8, flags);
  return bytes;
}

const ACK = serializeOptionReply(Option.go, OptionReply.ack, NONE);
const HANDSHAKE = concat(serializeGreeting(), infoReply(4096n, 0x103), ACK);

/** A client that may send requests. */
function ready() {
  const one = connect();
  one.client.data(HANDSHAKE);
  one.said();
  return one;
}

describe("the NBD client", () => {
  it("asks with GO, and is ready when the server agrees", () => {
    const { client, log, said } = connect();
    client.data(serializeGreeting());
    const asked = said();
    expect([...asked.subarray(0, 4)]).toEqual([0, 0, 0, 3]);
    expect(parseOptionHeader(asked.subarray(4))).toEqual({ option: Option.go, lengthBytes: 13 });
    client.data(concat(infoReply(4096n, TransmissionFlag.hasFlags | TransmissionFlag.readOnly), ACK));
    expect(log.ready).toEqual([{ sizeBytes: 4096, readOnly: true, canFlush: false }]);
  });

  it.each([
    ["with zeroes, where the server insists on them", 1, 124],
    ["without zeroes", 3, 0],
  ])("falls back to EXPORT_NAME where GO is not known, %s", (_, flags, zeroes) => {
    const { client, log, said } = connect();
    const greeting = serializeGreeting();
    greeting[17] = flags;
    client.data(greeting);
    said();
    client.data(serializeOptionReply(Option.go, OptionReply.errUnsupported, NONE));
    const asked = said();
    expect(parseOptionHeader(asked)).toEqual({ option: Option.exportName, lengthBytes: 7 });
    expect(asked.subarray(16)).toEqual(encodeUtf8("kisroot"));
    const flush = TransmissionFlag.hasFlags | TransmissionFlag.sendFlush;
    client.data(concat(sizeAndFlags(512n, flush), new Uint8Array(zeroes)));
    expect(log.ready).toEqual([{ sizeBytes: 512, readOnly: false, canFlush: true }]);
    client.flush(1n);
    client.data(serializeSimpleReply({ error: 0, cookie: 1n }));
    expect(log.replies).toEqual([[1n, 0, NONE]]);
  });

  it("sends requests as they come, and takes replies in any order", () => {
    const { client, log, said } = ready();
    client.read(1n, 0, 4);
    client.read(2n, 4, 2);
    client.write(3n, 8, Uint8Array.of(7, 8));
    const sent = said();
    expect(parseRequest(sent)).toMatchObject({ command: 0, cookie: 1n, offset: 0n, length: 4 });
    expect(parseRequest(sent.subarray(28))).toMatchObject({ command: 0, cookie: 2n, offset: 4n, length: 2 });
    expect(parseRequest(sent.subarray(56))).toMatchObject({ command: 1, cookie: 3n, offset: 8n, length: 2 });
    expect([...sent.subarray(84)]).toEqual([7, 8]);
    client.data(concat(serializeSimpleReply({ error: 0, cookie: 2n }), Uint8Array.of(1, 2)));
    client.data(serializeSimpleReply({ error: NbdError.EIO, cookie: 1n }));
    client.data(serializeSimpleReply({ error: 0, cookie: 3n }));
    expect(log.replies).toEqual([
      [2n, 0, Uint8Array.of(1, 2)],
      [1n, NbdError.EIO, NONE],
      [3n, 0, NONE],
    ]);
  });

  it("says why the server refuses, in the server's words", () => {
    const { client, log, stream } = connect("foo");
    const words = encodeUtf8('no export "foo" here; there is: kisroot');
    client.data(concat(serializeGreeting(), serializeOptionReply(Option.go, OptionReply.errUnknown, words)));
    expect(log.ends).toEqual([
      {
        kind: "refused",
        message: 'the server refuses the export "foo": no export "foo" here; there is: kisroot',
      },
    ]);
    expect(stream.state).toBe("aborted");
  });

  it.each([
    ["greets in another language", encodeUtf8("SSH-2.0-OpenSSH_9.2p1\r\n")],
    ["knows the old style only", serializeGreeting().map((byte, at) => (at === 17 ? 2 : byte))],
    [
      "answers an option that was not asked",
      concat(serializeGreeting(), serializeOptionReply(Option.list, OptionReply.ack, NONE)),
    ],
    ["agrees without a size", concat(serializeGreeting(), ACK)],
    ["has an export of 2^60 bytes", concat(serializeGreeting(), infoReply(2n ** 60n, 1), ACK)],
    [
      "answers an option at endless length",
      concat(serializeGreeting(), serializeOptionReply(Option.go, OptionReply.info, new Uint8Array(16385))),
    ],
    ["answers what was not asked", concat(HANDSHAKE, serializeSimpleReply({ error: 0, cookie: 99n }))],
    ["sends something that is no reply", concat(HANDSHAKE, new Uint8Array(16))],
  ])("hangs up on a server that %s", (_, bytes) => {
    const { client, log, stream } = connect();
    client.data(bytes);
    expect(log.ends).toMatchObject([{ kind: "protocol" }]);
    expect(stream.state).toBe("aborted");
    client.closed("aborted");
    client.data(HANDSHAKE);
    expect(log.ends).toHaveLength(1);
  });

  it("does not take a second answer to the same request", () => {
    const { client, log } = ready();
    client.flush(1n);
    client.data(serializeSimpleReply({ error: 0, cookie: 1n }));
    client.data(serializeSimpleReply({ error: 0, cookie: 1n }));
    expect(log.replies).toHaveLength(1);
    expect(log.ends).toMatchObject([{ kind: "protocol" }]);
  });

  it("tells once how the connection ended", () => {
    const { client, log } = ready();
    client.closed("reset");
    client.closed("finished");
    expect(log.ends).toEqual([{ kind: "lost", reason: "reset" }]);
  });

  it("says good-bye before it closes", () => {
    const { client, stream, said } = ready();
    client.disconnect();
    expect(parseRequest(said())).toMatchObject({ command: 2 });
    expect(stream.state).toBe("ended");
  });

  it("just closes when it was not ready yet", () => {
    const { client, stream, said } = connect();
    client.disconnect();
    expect(said()).toEqual(NONE);
    expect(stream.state).toBe("ended");
  });
});

describe("the NBD client and the NBD session", () => {
  /** Ties them together; each hears the other in pieces of these sizes. */
  async function converse(sizes: readonly number[], run: (client: NbdClient) => void) {
    const server = start(disk({ readOnly: false, write: async () => {} }));
    const one = connect();
    const greeting = server.greeting!.slice();
    // A turn later, as a network would: neither side is called while it is busy.
    server.stream.onWrite = (bytes) => void Promise.resolve().then(() => feed(one.client, bytes, sizes));
    one.stream.onWrite = (bytes) => void Promise.resolve().then(() => feed(server.session, bytes, sizes));
    feed(one.client, greeting, sizes);
    await settle();
    run(one.client);
    for (let turn = 0; turn < 5; turn += 1) await settle();
    return { ...one, server };
  }

  it("understand each other in any split", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(sizes, async (each) => {
        const { log } = await converse(each, (client) => {
          client.read(1n, 12, 300);
          client.write(2n, 0, new Uint8Array(100));
          client.flush(3n);
          client.read(4n, SIZE, 1);
        });
        expect(log.ready).toEqual([{ sizeBytes: SIZE, readOnly: false, canFlush: true }]);
        expect(log.replies.sort(([one], [other]) => Number(one - other))).toEqual([
          [1n, 0, contentAt(12, 300)],
          [2n, 0, NONE],
          [3n, 0, NONE],
          [4n, NbdError.EINVAL, NONE],
        ]);
        expect(log.ends).toEqual([]);
      }),
    );
  });
});

describe("the NBD client, on bytes that make no sense", () => {
  it("never throws, ends at most once, and answers only what was asked", () => {
    const before = fc.constantFrom(NONE, serializeGreeting(), HANDSHAKE);
    const junk = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.constant(serializeSimpleReply({ error: 0, cookie: 1n })),
        fc.constant(infoReply(4096n, 0x103)),
        fc.constant(ACK),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(before, junk, (opening, parts) => {
        const { client, log } = connect();
        client.data(opening.slice());
        if (log.ready.length > 0) client.read(1n, 0, 10);
        feed(client, concat(...parts), [13]);
        client.closed("reset");
        expect(log.ends).toHaveLength(1);
        for (const [cookie, , data] of log.replies) {
          expect(cookie).toBe(1n);
          expect([0, 10]).toContain(data.length);
        }
        expect(log.replies.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});
