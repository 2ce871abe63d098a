import { parseMac } from "../../ethernet/mac.ts";
import { octetsFromText } from "../../ethernet/octets.ts";
import { isInNetwork, parseIpv4 } from "../../ipv4/address.ts";
import type { FieldKind } from "../catalogue/kind.ts";
import type { FieldValue } from "../field.ts";
import type { Token } from "./tokens.ts";

/** Whether a field's value passes. */
export type Test = (value: FieldValue) => boolean;

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** What each kind of field can be compared with, in words. */
const EXPECTED: Readonly<Record<FieldKind, string>> = {
  presence: "nothing: it is there or it is not",
  number: "a number such as 53 or 0x35",
  seconds: "a number of seconds such as 0.5",
  flag: "1 or 0, or true or false",
  ipv4: "an address such as 10.86.0.1, or a network such as 10.86.0.0/24",
  mac: "a MAC address such as 52:54:00:12:34:56",
  text: 'a text such as "boot/linux"',
  octets: "bytes such as 60:25:95:13, or a text in quotes",
};

export function expectedOf(kind: FieldKind): string {
  return EXPECTED[kind];
}

/** The test that a comparison with this token is; `undefined` when the token is no value of that kind. */
export function comparison(kind: FieldKind, how: Comparison, token: Token): Test | undefined {
  if (how === "!=") {
    const equal = comparison(kind, "==", token);
    return equal && ((value) => !equal(value));
  }
  switch (kind) {
    case "presence":
      return undefined;
    case "ipv4":
      return addressComparison(how, token);
    case "text":
      return ordered(how, token.text, (value) => (typeof value === "string" ? value : undefined));
    case "octets": {
      const bytes = octetsOf(token);
      return bytes && how === "=="
        ? (value) => value instanceof Uint8Array && equals(value, bytes)
        : undefined;
    }
    case "flag": {
      const flag = flagOf(token);
      return flag === undefined || how !== "==" ? undefined : (value) => value === flag;
    }
    default: {
      const wanted = kind === "mac" ? parseMac(token.text) : numberOf(token, kind === "seconds");
      return wanted === undefined || token.kind === "string" ? undefined : ordered(how, wanted, numeric);
    }
  }
}

/** From one value to another, both included. */
export function range(kind: FieldKind, first: Token, last: Token): Test | undefined {
  const from = comparison(kind, ">=", first);
  const to = comparison(kind, "<=", last);
  return from && to && ((value) => from(value) && to(value));
}

/** Text within a text, bytes within bytes. Only those can contain something. */
export function containment(kind: FieldKind, token: Token): Test | undefined {
  if (kind === "text") {
    const text = token.text;
    return (value) => typeof value === "string" && value.includes(text);
  }
  const bytes = kind === "octets" ? octetsOf(token) : undefined;
  return bytes && ((value) => value instanceof Uint8Array && contains(value, bytes));
}

function addressComparison(how: Comparison, token: Token): Test | undefined {
  const match = /^([^/]*)(?:\/(\d{1,2}))?$/.exec(token.text);
  const address = parseIpv4(match?.[1] ?? "");
  if (address === undefined || token.kind === "string") return undefined;
  if (match?.[2] === undefined) return ordered(how, address, numeric);
  const network = { address, prefixLength: Number(match[2]) };
  if (network.prefixLength > 32 || how !== "==") return undefined;
  return (value) => typeof value === "number" && isInNetwork(value, network);
}

/** Numbers are compared as they are, whether of 64 bits or fewer. */
function ordered<Value extends number | bigint | string>(
  how: Comparison,
  wanted: Value,
  read: (value: FieldValue) => number | bigint | string | undefined,
): Test {
  return (value) => {
    const own = read(value);
    if (own === undefined) return false;
    switch (how) {
      case "==":
        // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint of the same value are the same here
        return own == wanted;
      case "<":
        return own < wanted;
      case "<=":
        return own <= wanted;
      case ">":
        return own > wanted;
      default:
        return own >= wanted;
    }
  };
}

function numeric(value: FieldValue): number | bigint | undefined {
  return typeof value === "number" || typeof value === "bigint" ? value : undefined;
}

function numberOf({ text }: Token, fraction: boolean): number | bigint | undefined {
  if (fraction) return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  return /^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? BigInt(text) : undefined;
}

function flagOf({ text }: Token): boolean | undefined {
  if (/^(1|true)$/i.test(text)) return true;
  return /^(0|false)$/i.test(text) ? false : undefined;
}

function octetsOf({ kind, text }: Token): Uint8Array | undefined {
  if (kind === "string") return octetsFromText(text);
  if (!/^[0-9a-f]{2}([:.-]?[0-9a-f]{2})*$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi)!, (pair) => Number.parseInt(pair, 16));
}

function equals(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function contains(whole: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= whole.length; at += 1)
    if (equals(whole.subarray(at, at + part.length), part)) return true;
  return false;
}
