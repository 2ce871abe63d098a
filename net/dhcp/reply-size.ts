import type { DhcpMessage } from "./message.ts";
import { serializeDhcp } from "./message.ts";
import type { DhcpOptions } from "./options.ts";

/** IPv4 and UDP headers, which option 57 counts (RFC 2132 section 9.10: the least is 576, for 548 bytes of message). */
const HEADER_BYTES = 28;
const LEAST_MAXIMUM_BYTES = 576;

/** The largest answer that a client takes, in bytes of UDP payload. */
export function replyLimit({ options }: DhcpMessage): number {
  return Math.max(LEAST_MAXIMUM_BYTES, options.maximumMessageBytes ?? 0) - HEADER_BYTES;
}

/** What a client can do without, the least needed first: it works out the times and the broadcast address by itself. */
const DISPENSABLE: readonly (keyof DhcpOptions)[] = [
  "renewalSeconds",
  "rebindingSeconds",
  "broadcastAddress",
  "tftpServerName",
  "bootFileName",
  "domainName",
  "hostName",
  "clientMachineIdentifier",
  "interfaceMtu",
];

export interface FittedReply {
  /** `undefined` when what the client cannot do without does not fit. */
  readonly bytes: Uint8Array | undefined;
  /** Options that were left out. */
  readonly leftOut: number;
}

/** Writes an answer, without what it has no room for. `limit` in bytes. */
export function fitReply(message: Omit<DhcpMessage, "kind">, limit: number): FittedReply {
  let fitted = message;
  let bytes = serializeDhcp(fitted);
  let leftOut = 0;
  for (const name of DISPENSABLE) {
    if (bytes.length <= limit) break;
    // Where the header has it, it is there twice; where it has not, only here.
    if (name === "bootFileName" && message.bootFile === "") continue;
    const { [name]: dropped, ...rest } = fitted.options;
    if (dropped === undefined) continue;
    fitted = { ...fitted, options: rest };
    bytes = serializeDhcp(fitted);
    leftOut++;
  }
  return { bytes: bytes.length <= limit ? bytes : undefined, leftOut };
}
