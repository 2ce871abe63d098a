import type { Export } from "../export/export.ts";
import {
  Info,
  MAX_NAME_BYTES,
  MAX_PAYLOAD_BYTES,
  Option,
  OptionReply,
  TransmissionFlag,
} from "./constants.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";
import { serializeOptionReply } from "./wire.ts";

/** Where a session looks exports up. */
export interface ExportTable {
  get(name: string): Export | undefined;
  names(): readonly string[];
}

export interface OptionAnswer {
  readonly replies: readonly Uint8Array[];
  /** The option haggling is over, and this export is served from now on. */
  readonly start?: Export;
  readonly close?: boolean;
  readonly unknownExport?: boolean;
}

const EMPTY = new Uint8Array(0);
/** Bytes of zeroes after the reply to NBD_OPT_EXPORT_NAME, unless both sides agreed to leave them out. */
const ZEROES = 124;
const PREFERRED_BLOCK_BYTES = 4096;
const SHOWN_NAMES = 20;
const SHOWN_CHARACTERS = 100;

/** Answers every option but NBD_OPT_EXPORT_NAME, whose reply has a form of its own. */
export function answerOption(exports: ExportTable, option: number, data: Uint8Array): OptionAnswer {
  switch (option) {
    case Option.abort:
      return { replies: [serializeOptionReply(option, OptionReply.ack, EMPTY)], close: true };
    case Option.list:
      return list(exports, data);
    case Option.info:
    case Option.go:
      return infoOrGo(exports, option, data);
    default:
      return { replies: [serializeOptionReply(option, OptionReply.errUnsupported, EMPTY)] };
  }
}

/** The reply to NBD_OPT_EXPORT_NAME: size, flags, and the zeroes of old. */
export function exportNameReply(target: Export, noZeroes: boolean): Uint8Array {
  const bytes = new Uint8Array(10 + (noZeroes ? 0 : ZEROES));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(target.sizeBytes));
  view.setUint16(8, transmissionFlags(target));
  return bytes;
}

/** Several connections to a read-only export see the same bytes, so it may be opened more than once. */
export function transmissionFlags(target: Export): number {
  return (
    TransmissionFlag.hasFlags |
    (target.readOnly ? TransmissionFlag.readOnly | TransmissionFlag.canMultiConn : 0) |
    (target.flush === undefined ? 0 : TransmissionFlag.sendFlush)
  );
}

function list(exports: ExportTable, data: Uint8Array): OptionAnswer {
  if (data.length > 0) return error(Option.list, OptionReply.errInvalid, "NBD_OPT_LIST carries no data");
  const replies = exports.names().map((name) => {
    const text = encodeUtf8(name);
    const entry = new Uint8Array(4 + text.length);
    new DataView(entry.buffer).setUint32(0, text.length);
    entry.set(text, 4);
    return serializeOptionReply(Option.list, OptionReply.server, entry);
  });
  return { replies: [...replies, serializeOptionReply(Option.list, OptionReply.ack, EMPTY)] };
}

/** Both options: u32 name length, name, u16 number of information requests, each u16. */
function infoOrGo(exports: ExportTable, option: number, data: Uint8Array): OptionAnswer {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 6) return error(option, OptionReply.errInvalid, "the option is too short");
  const nameLength = view.getUint32(0);
  if (nameLength > data.length - 6) return error(option, OptionReply.errInvalid, "the name is cut off");
  const requests = view.getUint16(4 + nameLength);
  if (data.length !== 6 + nameLength + 2 * requests) {
    return error(
      option,
      OptionReply.errInvalid,
      "the length does not fit the number of information requests",
    );
  }
  if (nameLength > MAX_NAME_BYTES) return error(option, OptionReply.errInvalid, "the name is too long");
  const name = decodeUtf8(data.subarray(4, 4 + nameLength));
  const found = exports.get(name);
  if (found === undefined) {
    return { ...error(option, OptionReply.errUnknown, whatThereIs(exports, name)), unknownExport: true };
  }
  const replies = [serializeOptionReply(option, OptionReply.info, exportInfo(found))];
  for (let index = 0; index < requests; index += 1) {
    if (view.getUint16(6 + nameLength + 2 * index) !== Info.blockSize) continue;
    replies.push(serializeOptionReply(option, OptionReply.info, blockSizeInfo()));
    break;
  }
  replies.push(serializeOptionReply(option, OptionReply.ack, EMPTY));
  return option === Option.go ? { replies, start: found } : { replies };
}

/** Shown to people as it stands, by clients and by the page: so it stays short, whatever was asked for. */
function whatThereIs(exports: ExportTable, asked: string): string {
  const names = exports.names();
  const shown = names.slice(0, SHOWN_NAMES);
  if (names.length > shown.length) shown.push(`and ${names.length - shown.length} more`);
  const name = asked.length > SHOWN_CHARACTERS ? `${asked.slice(0, SHOWN_CHARACTERS)}…` : asked;
  return `no export "${name}" here; there is: ${shown.length > 0 ? shown.join(", ") : "none"}`;
}

function exportInfo(target: Export): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Info.export);
  view.setBigUint64(2, BigInt(target.sizeBytes));
  view.setUint16(10, transmissionFlags(target));
  return bytes;
}

function blockSizeInfo(): Uint8Array {
  const bytes = new Uint8Array(14);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Info.blockSize);
  view.setUint32(2, 1);
  view.setUint32(6, PREFERRED_BLOCK_BYTES);
  view.setUint32(10, MAX_PAYLOAD_BYTES);
  return bytes;
}

function error(option: number, reply: number, text: string): OptionAnswer {
  return { replies: [serializeOptionReply(option, reply, encodeUtf8(text))] };
}
