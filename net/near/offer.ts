import { formatIpv4, type Ipv4Address, parseIpv4 } from "../ipv4/address.ts";
import { MAX_NAME_BYTES } from "../nbd/constants.ts";
import { MAX_TRACE_BLOCKS } from "./boot-trace.ts";

/** What `GET /exports` answers: all that a tab needs to know to have the gateway of its exports in itself. */
export interface NearOffer {
  /** The boot server's address on the segment. */
  readonly server: Ipv4Address;
  /** Whether every export of the relay is in the list. Where one is still missing, the relay knows best what is there. */
  readonly complete: boolean;
  readonly exports: readonly OfferedExport[];
}

export interface OfferedExport {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Blocks that earlier boots asked for, in that order. */
  readonly trace: readonly number[];
}

/** The WebSocket subprotocol of `/exports`: binary messages are a byte stream of the NBD protocol, text ones are traces. */
export const NBD_SUBPROTOCOL = "netroot-nbd.v1";

/** The query of `/exports` over which a tab reads ahead: what is read there is counted apart. */
export const AHEAD_QUERY = "ahead";

export function serializeOffer(offer: NearOffer): unknown {
  return { ...offer, server: formatIpv4(offer.server) };
}

/** `undefined` for what is no offer, or one that we could not use. Never throws. */
export function parseOffer(text: string): NearOffer | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.server !== "string" || typeof value.complete !== "boolean")
    return undefined;
  const server = parseIpv4(value.server);
  if (server === undefined || !Array.isArray(value.exports)) return undefined;
  const exports = value.exports.map(parseExport);
  if (!exports.every((each) => each !== undefined)) return undefined;
  if (new Set(exports.map(({ name }) => name)).size !== exports.length) return undefined;
  return { server, complete: value.complete, exports };
}

function parseExport(value: unknown): OfferedExport | undefined {
  if (!isRecord(value)) return undefined;
  const { name, sizeBytes, readOnly, trace } = value;
  if (typeof name !== "string" || name.length > MAX_NAME_BYTES || typeof readOnly !== "boolean")
    return undefined;
  if (typeof sizeBytes !== "number" || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return undefined;
  return Array.isArray(trace) && isBlockList(trace) ? { name, sizeBytes, readOnly, trace } : undefined;
}

/** Most blocks in one report. */
export const MAX_REPORTED_BLOCKS = 256;

/** What a tab tells of the blocks that its guest asked for, since it last told. */
export interface TraceReport {
  readonly name: string;
  readonly blocks: readonly number[];
}

export function serializeTraceReport(report: TraceReport): string {
  return JSON.stringify(report);
}

/** `undefined` for what is no report. Never throws. */
export function parseTraceReport(text: string): TraceReport | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.name !== "string" || !Array.isArray(value.blocks)) return undefined;
  return isBlockList(value.blocks) ? { name: value.name, blocks: value.blocks } : undefined;
}

function isBlockList(values: readonly unknown[]): values is readonly number[] {
  return (
    values.length <= MAX_TRACE_BLOCKS &&
    values.every((each) => Number.isSafeInteger(each) && Number(each) >= 0)
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
