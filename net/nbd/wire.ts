import {
  HandshakeFlag,
  NBD_MAGIC,
  OPTION_MAGIC,
  OPTION_REPLY_MAGIC,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
} from "./constants.ts";

/** Bytes of the fixed parts, as they come one after another. */
export const GREETING_BYTES = 18;
export const CLIENT_FLAGS_BYTES = 4;
export const OPTION_HEADER_BYTES = 16;
export const OPTION_REPLY_HEADER_BYTES = 20;
export const REQUEST_BYTES = 28;
export const SIMPLE_REPLY_BYTES = 16;

export interface OptionHeader {
  readonly option: number;
  readonly lengthBytes: number;
}

export interface OptionReplyHeader {
  readonly option: number;
  readonly reply: number;
  readonly lengthBytes: number;
}

export interface Request {
  readonly flags: number;
  readonly command: number;
  /** The client's tag for this request, given back in the reply. */
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: number;
}

export interface SimpleReply {
  readonly error: number;
  readonly cookie: bigint;
}

/** What the server says first ("Newstyle negotiation"). */
export function serializeGreeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(0, NBD_MAGIC);
  view.setBigUint64(8, OPTION_MAGIC);
  view.setUint16(16, HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes);
  return bytes;
}

/** The handshake flags of a greeting; `undefined` when it is none of a newstyle server. */
export function parseGreeting(bytes: Uint8Array): number | undefined {
  if (bytes.length < GREETING_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getBigUint64(0) !== NBD_MAGIC || view.getBigUint64(8) !== OPTION_MAGIC) return undefined;
  return view.getUint16(16);
}

export function serializeOption(option: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(OPTION_HEADER_BYTES + data.length);
  const view = viewOf(bytes);
  view.setBigUint64(0, OPTION_MAGIC);
  view.setUint32(8, option);
  view.setUint32(12, data.length);
  bytes.set(data, OPTION_HEADER_BYTES);
  return bytes;
}

export function parseOptionHeader(bytes: Uint8Array): OptionHeader | undefined {
  if (bytes.length < OPTION_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getBigUint64(0) !== OPTION_MAGIC) return undefined;
  return { option: view.getUint32(8), lengthBytes: view.getUint32(12) };
}

export function serializeOptionReply(option: number, reply: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(OPTION_REPLY_HEADER_BYTES + data.length);
  const view = viewOf(bytes);
  view.setBigUint64(0, OPTION_REPLY_MAGIC);
  view.setUint32(8, option);
  view.setUint32(12, reply);
  view.setUint32(16, data.length);
  bytes.set(data, OPTION_REPLY_HEADER_BYTES);
  return bytes;
}

export function parseOptionReplyHeader(bytes: Uint8Array): OptionReplyHeader | undefined {
  if (bytes.length < OPTION_REPLY_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getBigUint64(0) !== OPTION_REPLY_MAGIC) return undefined;
  return { option: view.getUint32(8), reply: view.getUint32(12), lengthBytes: view.getUint32(16) };
}

export function serializeRequest(request: Request): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, REQUEST_MAGIC);
  view.setUint16(4, request.flags);
  view.setUint16(6, request.command);
  view.setBigUint64(8, request.cookie);
  view.setBigUint64(16, request.offset);
  view.setUint32(24, request.length);
  return bytes;
}

/** Reads a request without its payload. */
export function parseRequest(bytes: Uint8Array): Request | undefined {
  if (bytes.length < REQUEST_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== REQUEST_MAGIC) return undefined;
  return {
    flags: view.getUint16(4),
    command: view.getUint16(6),
    cookie: view.getBigUint64(8),
    offset: view.getBigUint64(16),
    length: view.getUint32(24),
  };
}

/** A simple reply; the payload of a read goes behind it. */
export function serializeSimpleReply({ error, cookie }: SimpleReply): Uint8Array {
  const bytes = new Uint8Array(SIMPLE_REPLY_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, SIMPLE_REPLY_MAGIC);
  view.setUint32(4, error);
  view.setBigUint64(8, cookie);
  return bytes;
}

/** Reads a simple reply without its payload. */
export function parseSimpleReply(bytes: Uint8Array): SimpleReply | undefined {
  if (bytes.length < SIMPLE_REPLY_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== SIMPLE_REPLY_MAGIC) return undefined;
  return { error: view.getUint32(4), cookie: view.getBigUint64(8) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
