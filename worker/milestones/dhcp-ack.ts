import { readU32 } from "../../net/ethernet/octets.ts";
import type { Ipv4Address } from "../../net/ipv4/address.ts";

// The fields of a DHCP message that say what was leased (RFC 2131 section 2, RFC 2132 section 9.6).
const OPERATION = 0;
const YOUR_ADDRESS = 16;
const COOKIE = 236;
const OPTIONS = 240;
const MAGIC_COOKIE = 0x63825363;
const BOOT_REPLY = 2;
const OPTION_PAD = 0;
const OPTION_MESSAGE_TYPE = 53;
const OPTION_END = 255;
const DHCPACK = 5;

/** The address that a DHCPACK gives; nothing for any other message. */
export function readDhcpAck(message: Uint8Array): { readonly address: Ipv4Address } | undefined {
  if (message.length < OPTIONS || message[OPERATION] !== BOOT_REPLY) return undefined;
  if (readU32(message, COOKIE) !== MAGIC_COOKIE) return undefined;
  let at = OPTIONS;
  while (at + 1 < message.length && message[at] !== OPTION_END) {
    if (message[at] === OPTION_PAD) {
      at += 1;
      continue;
    }
    if (message[at] === OPTION_MESSAGE_TYPE) {
      return message[at + 2] === DHCPACK ? { address: readU32(message, YOUR_ADDRESS) } : undefined;
    }
    at += 2 + message[at + 1]!;
  }
  return undefined;
}
