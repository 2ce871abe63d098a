import { describe, expect, it } from "vitest";
import { Command, Info, Option, OptionReply, TransmissionFlag } from "./constants.ts";
import { settle } from "./testing/recorded-stream.ts";
import {
  CLIENT_FLAGS,
  contentAt,
  disk,
  goOption,
  NONE,
  optionReplies,
  replies,
  request,
  SIZE,
  start,
} from "./testing/session.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";
import { serializeOption } from "./wire.ts";

describe("a client, before the transmission", () => {
  it("is greeted", () => {
    expect(start().greeting).toHaveLength(18);
  });

  it("is given the export that it asks for, with size and flags", () => {
    const { stream, send } = start();
    send(CLIENT_FLAGS, goOption("kisroot", Option.go, [Info.blockSize]));
    const [info, sizes, ack] = optionReplies(stream);
    const view = new DataView(info!.data.slice().buffer);
    expect([info!.reply, view.getUint16(0), view.getBigUint64(2)]).toEqual([
      OptionReply.info,
      Info.export,
      BigInt(SIZE),
    ]);
    const flags = view.getUint16(10);
    expect(flags & TransmissionFlag.readOnly).not.toBe(0);
    expect(flags & TransmissionFlag.canMultiConn).not.toBe(0);
    expect(new DataView(sizes!.data.slice().buffer).getUint16(0)).toBe(Info.blockSize);
    expect(ack).toMatchObject({ option: Option.go, reply: OptionReply.ack });
  });

  it("does not hear that an export that can be written is one for several connections", () => {
    const { stream, send } = start(disk({ readOnly: false, write: async () => {} }));
    send(CLIENT_FLAGS, goOption("kisroot"));
    const flags = new DataView(optionReplies(stream)[0]!.data.slice().buffer).getUint16(10);
    expect(flags & (TransmissionFlag.readOnly | TransmissionFlag.canMultiConn)).toBe(0);
    expect(flags & TransmissionFlag.sendFlush).not.toBe(0);
  });

  it.each([
    ["with 124 zeroes as of old", 1, 134],
    ["without them when both sides agreed", 3, 10],
  ])("is answered to EXPORT_NAME %s", (_, flags, length) => {
    const { stream, send } = start();
    send(Uint8Array.of(0, 0, 0, flags), serializeOption(Option.exportName, encodeUtf8("kisroot")));
    const answer = stream.takeAll();
    expect(answer).toHaveLength(length);
    expect(new DataView(answer.buffer).getBigUint64(0)).toBe(BigInt(SIZE));
  });

  it("may ask about exports before it takes one", async () => {
    const { stream, send } = start(disk(), disk({ name: "other" }));
    send(
      CLIENT_FLAGS,
      goOption("kisroot", Option.info),
      serializeOption(Option.list, NONE),
      goOption("other"),
    );
    const answers = optionReplies(stream);
    expect(answers.map(({ option, reply }) => [option, reply])).toEqual([
      [Option.info, OptionReply.info],
      [Option.info, OptionReply.ack],
      [Option.list, OptionReply.server],
      [Option.list, OptionReply.server],
      [Option.list, OptionReply.ack],
      [Option.go, OptionReply.info],
      [Option.go, OptionReply.ack],
    ]);
    expect(answers.slice(2, 4).map(({ data }) => decodeUtf8(data.subarray(4)))).toEqual(["kisroot", "other"]);
    send(request(Command.read, 1, 10, 5));
    await settle();
    expect(replies(stream, { 1: 5 })).toEqual([[1, 0, contentAt(10, 5)]]);
  });

  it("is told which exports there are when it asks for another, and may ask again", () => {
    const { stream, send, counters } = start(disk(), disk({ name: "other" }));
    send(CLIENT_FLAGS, goOption("foo"), goOption("kisroot"));
    const [refused, ...rest] = optionReplies(stream);
    expect(refused).toMatchObject({ option: Option.go, reply: OptionReply.errUnknown });
    expect(decodeUtf8(refused!.data)).toBe('no export "foo" here; there is: kisroot, other');
    expect(rest.at(-1)!.reply).toBe(OptionReply.ack);
    expect(counters).toMatchObject({ unknownExports: 1, malformed: 0 });
  });

  it("is told so briefly, however many there are and whatever it asked for", () => {
    const many = Array.from({ length: 300 }, (_, index) => disk({ name: `image-${index}` }));
    const { stream, send } = start(...many);
    send(CLIENT_FLAGS, goOption("x".repeat(4000)));
    const text = decodeUtf8(optionReplies(stream)[0]!.data);
    expect(text).toContain("image-0, image-1,");
    expect(text).toMatch(/and 280 more$/);
    expect(text.length).toBeLessThan(500);
  });

  it("is hung up on when it asks for an unknown export by EXPORT_NAME, which has no error reply", () => {
    const { stream, send, counters } = start();
    send(CLIENT_FLAGS, serializeOption(Option.exportName, encodeUtf8("foo")));
    expect(stream.state).toBe("ended");
    expect(stream.written.length).toBe(0);
    expect(counters.unknownExports).toBe(1);
  });

  it("may abort", () => {
    const { stream, send } = start();
    send(CLIENT_FLAGS, serializeOption(Option.abort, NONE), goOption("kisroot"));
    expect(optionReplies(stream)).toMatchObject([{ option: Option.abort, reply: OptionReply.ack }]);
    expect(stream.state).toBe("ended");
  });

  it.each([
    ["STARTTLS", Option.startTls, NONE, OptionReply.errUnsupported],
    ["structured replies", Option.structuredReply, NONE, OptionReply.errUnsupported],
    ["an option of the future", 4711, Uint8Array.of(1, 2, 3), OptionReply.errUnsupported],
    ["LIST with data", Option.list, Uint8Array.of(0), OptionReply.errInvalid],
    ["GO that is too short", Option.go, Uint8Array.of(0, 0, 0, 0, 0), OptionReply.errInvalid],
    ["GO whose name is cut off", Option.go, Uint8Array.of(0, 0, 0, 9, 65, 0, 0), OptionReply.errInvalid],
    [
      "GO with a name of 4 GB",
      Option.go,
      Uint8Array.of(255, 255, 255, 255, 65, 0, 0),
      OptionReply.errInvalid,
    ],
    [
      "GO that asks for more than it says",
      Option.go,
      Uint8Array.of(0, 0, 0, 1, 65, 0, 0, 0, 3),
      OptionReply.errInvalid,
    ],
    [
      "GO with a name that is too long",
      Option.go,
      goOption("x".repeat(4097)).subarray(16),
      OptionReply.errInvalid,
    ],
    ["16 KiB of data and a byte", Option.go, new Uint8Array(16385), OptionReply.errTooBig],
  ])("is refused %s, and may go on", (_, option, data, error) => {
    const { stream, send } = start();
    send(CLIENT_FLAGS, serializeOption(option, data), goOption("kisroot"));
    const [refused, ...rest] = optionReplies(stream);
    expect(refused).toMatchObject({ option, reply: error });
    expect(rest.at(-1)).toMatchObject({ option: Option.go, reply: OptionReply.ack });
  });

  it.each([
    ["flags that nobody knows", [Uint8Array.of(0, 0, 0, 7)]],
    ["something else than an option", [CLIENT_FLAGS, encodeUtf8("GET / HTTP/1.0\r\n\r\n")]],
    [
      "options without end",
      [CLIENT_FLAGS, ...Array<Uint8Array>(65).fill(serializeOption(Option.list, NONE))],
    ],
  ])("is reset when it sends %s", (_, parts) => {
    const { stream, send, counters } = start();
    send(...parts);
    expect(stream.state).toBe("aborted");
    expect(counters.malformed).toBe(1);
  });

  it("is answered no further while it does not read the answers", () => {
    const { stream, send, session } = start();
    stream.full = true;
    send(CLIENT_FLAGS, ...Array<Uint8Array>(10).fill(serializeOption(Option.list, NONE)));
    expect(optionReplies(stream)).toHaveLength(2);
    expect(stream.paused).toBe(true);
    stream.full = false;
    session.drained();
    expect(stream.paused).toBe(false);
    expect(optionReplies(stream)).toHaveLength(18);
  });
});
