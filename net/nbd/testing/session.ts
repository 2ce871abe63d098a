import type { Export } from "../../export/export.ts";
import { ExportHub } from "../../export/hub.ts";
import { Option } from "../constants.ts";
import { NbdSession, newSessionCounters } from "../session.ts";
import { encodeUtf8 } from "../text.ts";
import {
  GREETING_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  parseOptionReplyHeader,
  parseSimpleReply,
  SIMPLE_REPLY_BYTES,
  serializeOption,
  serializeRequest,
} from "../wire.ts";
import { concat, RecordedStream } from "./recorded-stream.ts";

// A session between a made-up disk and a recorded stream, and what a client sends and gets, for the tests.

export const SIZE = 100_000;
export const NONE = new Uint8Array(0);
export const CLIENT_FLAGS = Uint8Array.of(0, 0, 0, 3);
export const contentAt = (offset: number, length: number) =>
  Uint8Array.from({ length }, (_, index) => (offset + index) % 251);

export function disk(overrides: Partial<Export> = {}): Export {
  return {
    name: "kisroot",
    sizeBytes: SIZE,
    readOnly: true,
    description: "made up",
    read: async (offset, length) => contentAt(offset, length),
    ...overrides,
  };
}

export function start(...exports: Export[]) {
  const hub = new ExportHub();
  for (const each of exports.length === 0 ? [disk()] : exports) hub.add(each);
  const stream = new RecordedStream();
  const counters = newSessionCounters();
  const session = new NbdSession(stream, hub, counters);
  const greeting = stream.written.take(GREETING_BYTES);
  const send = (...parts: Uint8Array[]) => session.data(concat(...parts));
  return { hub, stream, counters, session, greeting, send };
}

/** A session that serves `kisroot`. */
export function attached(overrides: Partial<Export> = {}) {
  const one = start(disk(overrides));
  one.send(CLIENT_FLAGS, serializeOption(Option.exportName, encodeUtf8("kisroot")));
  one.stream.takeAll();
  return one;
}

export function goOption(
  name: string,
  option: number = Option.go,
  requests: readonly number[] = [],
): Uint8Array {
  const text = encodeUtf8(name);
  const data = new Uint8Array(6 + text.length + 2 * requests.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, text.length);
  data.set(text, 4);
  view.setUint16(4 + text.length, requests.length);
  for (const [index, request] of requests.entries()) view.setUint16(6 + text.length + 2 * index, request);
  return serializeOption(option, data);
}

export function request(
  command: number,
  cookie: number,
  offset: number | bigint,
  length: number,
  flags = 0,
): Uint8Array {
  return serializeRequest({ flags, command, cookie: BigInt(cookie), offset: BigInt(offset), length });
}

export function optionReplies({ written }: RecordedStream) {
  const replies: { option: number; reply: number; data: Uint8Array }[] = [];
  for (;;) {
    const bytes = written.peek(OPTION_REPLY_HEADER_BYTES);
    const header = bytes === undefined ? undefined : parseOptionReplyHeader(bytes);
    if (header === undefined) return replies;
    written.skip(OPTION_REPLY_HEADER_BYTES);
    replies.push({ option: header.option, reply: header.reply, data: written.take(header.lengthBytes)! });
  }
}

/** The replies that are there, as [cookie, error, bytes of payload]; `lengths` says which cookies read how much. */
export function replies({ written }: RecordedStream, lengths: Readonly<Record<number, number>> = {}) {
  const found: [cookie: number, error: number, data: Uint8Array][] = [];
  while (written.length > 0) {
    const reply = parseSimpleReply(written.take(SIMPLE_REPLY_BYTES)!)!;
    const cookie = Number(reply.cookie);
    const data = reply.error === 0 ? written.take(lengths[cookie] ?? 0)! : NONE;
    found.push([cookie, reply.error, data]);
  }
  return found;
}
