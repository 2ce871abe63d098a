// The name server of a boot network: it knows its own names and says at once that there are no others.
import type { Ipv4Address } from "../ipv4/address.ts";
import {
  addressData,
  type DnsMessage,
  type DnsQuestion,
  dnsClass,
  dnsOpcode,
  dnsResponseCode,
  dnsType,
} from "./message.ts";
import { canonicalName } from "./name.ts";

/** Short: what a name stands for may change when the machine is next started. */
const TIME_TO_LIVE_SECONDS = 60;

/** The names that exist, in canonical form, each with its address. */
export type DnsNames = ReadonlyMap<string, Ipv4Address>;

export interface DnsCounters {
  answered: number;
  /** For names that do not exist here. */
  nameErrors: number;
  /** Not a question that a name server of this kind answers. */
  refused: number;
  ignored: number;
  malformed: number;
}

/** Brings names into the form in which they are looked up. */
export function dnsNames(names: Readonly<Record<string, Ipv4Address>>): DnsNames {
  return new Map(Object.entries(names).map(([name, address]) => [canonicalName(name), address]));
}

/**
 * Answers a query; `undefined` when it is none. A name that is not ours does not exist (NXDOMAIN) rather than being REFUSED:
 * a resolver takes the first as the end of it, and after the second some wait for another server.
 */
export function answerDns(query: DnsMessage, names: DnsNames, counters: DnsCounters): DnsMessage | undefined {
  if (query.response) {
    counters.ignored++;
    return undefined;
  }
  const [question] = query.questions;
  const answer: DnsMessage = {
    kind: "dns",
    id: query.id,
    response: true,
    opcode: query.opcode,
    authoritative: true,
    truncated: false,
    recursionDesired: query.recursionDesired,
    // Recursion is not what the client gets, but some resolvers distrust an answer without it.
    recursionAvailable: query.recursionDesired,
    responseCode: dnsResponseCode.noError,
    questions: query.questions.slice(0, 1),
    answers: [],
    authorities: [],
    additionals: [],
  };
  const refuse = (responseCode: number): DnsMessage => {
    counters.refused++;
    return { ...answer, authoritative: false, responseCode };
  };
  if (query.opcode !== dnsOpcode.query) return refuse(dnsResponseCode.notImplemented);
  if (question === undefined || query.questions.length > 1) return refuse(dnsResponseCode.formatError);
  if (question.class !== dnsClass.internet && question.class !== dnsClass.any) {
    return refuse(dnsResponseCode.refused);
  }
  const address = names.get(canonicalName(question.name));
  if (address === undefined) {
    counters.nameErrors++;
    return { ...answer, responseCode: dnsResponseCode.nameError };
  }
  counters.answered++;
  // A name without a record of the type that was asked for, AAAA above all, exists: no error and no answer.
  return wantsAddress(question) ? { ...answer, answers: [addressRecord(question.name, address)] } : answer;
}

function wantsAddress({ type }: DnsQuestion): boolean {
  return type === dnsType.a || type === dnsType.any;
}

function addressRecord(name: string, address: Ipv4Address) {
  return {
    name,
    type: dnsType.a,
    class: dnsClass.internet,
    timeToLive: TIME_TO_LIVE_SECONDS,
    data: addressData(address),
  };
}
