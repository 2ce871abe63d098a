import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { type DnsMessage, dnsClass, dnsResponseCode, dnsType } from "./message.ts";
import { answerDns, dnsNames } from "./server.ts";

const names = dnsNames({ "Boot.netroot.test": 0x0a560001 });

function ask(name: string, type: number = dnsType.a, fields: Partial<DnsMessage> = {}) {
  const counters = { answered: 0, nameErrors: 0, refused: 0, ignored: 0, malformed: 0 };
  const query: DnsMessage = {
    kind: "dns",
    id: 7,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    responseCode: 0,
    questions: [{ name, type, class: dnsClass.internet }],
    answers: [],
    authorities: [],
    additionals: [],
    ...fields,
  };
  return { answer: answerDns(query, names, counters), counters };
}

describe("the name server", () => {
  it("gives the address of a name that is ours, in the case in which it was asked for", () => {
    const { answer, counters } = ask("bOOt.netroot.TEST");
    expect(answer).toMatchObject({
      id: 7,
      response: true,
      authoritative: true,
      responseCode: dnsResponseCode.noError,
      questions: [{ name: "bOOt.netroot.TEST" }],
      answers: [{ name: "bOOt.netroot.TEST", type: dnsType.a, data: bytes("0a 56 00 01") }],
    });
    expect(counters.answered).toBe(1);
  });

  it("says that a name of ours has no IPv6 address, which is no error", () => {
    const { answer } = ask("boot.netroot.test", dnsType.aaaa);
    expect(answer).toMatchObject({ responseCode: dnsResponseCode.noError, answers: [] });
  });

  it("says that any other name does not exist", () => {
    for (const type of [dnsType.a, dnsType.aaaa, dnsType.ptr]) {
      const { answer, counters } = ask("www.example.org", type);
      expect(answer).toMatchObject({ responseCode: dnsResponseCode.nameError, answers: [] });
      expect(counters.nameErrors).toBe(1);
    }
  });

  it("answers once, and never an answer", () => {
    const { answer, counters } = ask("boot.netroot.test", dnsType.a, { response: true });
    expect(answer).toBeUndefined();
    expect(counters.ignored).toBe(1);
  });

  it("refuses at once what it does not do", () => {
    const code = (fields: Partial<DnsMessage>) => ask("", dnsType.a, fields).answer?.responseCode;
    expect(code({ opcode: 5 })).toBe(dnsResponseCode.notImplemented);
    expect(code({ questions: [] })).toBe(dnsResponseCode.formatError);
    expect(code({ questions: [{ name: "version.bind", type: 16, class: 3 }] })).toBe(dnsResponseCode.refused);
  });
});
