import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filterNames } from "../catalogue/catalogue.ts";
import { Conversations } from "../conversations/conversations.ts";
import { dissect } from "../dissect.ts";
import { FRAMES } from "../testing/frames.ts";
import { passes } from "./evaluate.ts";
import type { Filter } from "./filter.ts";
import { parseFilter } from "./parse.ts";

const conversations = new Conversations();
const dissected = FRAMES.map(({ bytes, protocol }, index) => ({
  protocol,
  ...dissect(bytes, conversations.observe({ bytes, timeMs: index, direction: "out" })),
}));

function understood(text: string): Filter {
  const filter = parseFilter(text);
  if (filter === undefined || filter.kind === "error") throw new Error(filter?.message ?? "empty");
  return filter;
}

/** The numbers of the frames that pass, from 1. */
function passing(text: string): number[] {
  const filter = understood(text);
  return dissected.flatMap(({ fields }, index) => (passes(filter, fields) ? [index + 1] : []));
}

const of = (...protocols: string[]) =>
  dissected.flatMap(({ protocol }, index) => (protocols.includes(protocol) ? [index + 1] : []));
const ALL = dissected.map((_, index) => index + 1);

describe("a filter lets pass", () => {
  test.each<[string, number[]]>([
    ["nbd", of("NBD")],
    ["tcp", of("NBD", "TCP")],
    ["tcp.port == 10809", of("NBD", "TCP")],
    ["udp.port == 69", [6]],
    ["dhcp.option.type == 53", of("DHCP")],
    ["dhcp.option.dhcp == 1", [1]],
    ["dhcp.option.dhcp in {4, 5..7}", [2]],
    ["ip.addr == 10.86.0.0/24 and dns", of("DNS")],
    ["ip.src == 10.86.0.1 && tftp", [7, 8]],
    ["ip.dst > 10.86.0.1 && tftp", [7, 8]],
    ["eth.src == 02:00:00:00:00:64 and arp", [3]],
    ["eth.addr==02-00-00-00-00-01 and arp", [4]],
    ["frame.len > 1000", [14, 22]],
    ["not (ip or arp) || icmp", of("ICMP", "AoE")],
    ["!ip && !arp && !aoe", []],
    ['tftp.source_file contains "boot"', [6]],
    ['tftp.source_file == "boot/linux"', [6]],
    ["nbd.magic == 0x25609513", [21]],
    ["nbd.from == 4096", [21]],
    ["nbd.data contains ab:ab:ab", [22]],
    ["tcp.flags.syn == 1", [15, 16]],
    ["tcp.flags.syn == true and tcp.flags.ack == false", [15]],
    ["tcp.stream eq 0 and tcp.len gt 0 and not nbd", []],
    ["nbd.time >= 0.001", [22]],
    ["nbd.time > 0.001", []],
    ["eth.padding", [4]],
    // Of a name that stands for two fields, none may be it.
    ["tftp and udp.port != 69", [7, 8, 9]],
    ["arp.opcode != 1", [4]],
    ["dhcp.option.router != 10.86.0.2", [2]],
    ["frame.number in {1..3, 20}", [1, 2, 3, 20]],
  ])("%s", (text, numbers) => {
    expect(passing(text)).toEqual(numbers);
  });
});

describe("a filter that makes no sense says where, and what is expected", () => {
  test.each<[string, string, string]>([
    ["nbdd", "nbdd", "There is no field nbdd. There is nbd,"],
    ["xyz", "xyz", "Protocols are nbd,"],
    ["tcp.prt == 1", "tcp.prt", "There is no field tcp.prt. There is tcp.ack,"],
    [
      "ip.addr == foo",
      "foo",
      "ip.addr cannot be compared like that with foo. It takes an address such as 10.86.0.1",
    ],
    ["ip.addr == 10.0.0.0/33", "10.0.0.0/33", "or a network such as 10.86.0.0/24"],
    ["tcp.port == ", "", "with the end. It takes a number such as 53 or 0x35."],
    ["tcp == 1", "1", "It takes nothing: it is there or it is not."],
    ["tcp.port = 1", "=", "Write == to compare."],
    ["(tcp", "", "A ) is expected for the ( at character 1."],
    ["tcp)", ")", '"and" or "or" is expected.'],
    ["tcp udp", "udp", '"and" or "or" is expected.'],
    ["tcp and", "", "The name of a protocol or a field is expected at the end."],
    ["and tcp", "and", "There is no field and."],
    ['"tcp"', '"tcp"', 'is expected, not "tcp".'],
    ["tcp.port in 1", "1", "A { is expected: tcp.srcport in {…}."],
    ["tcp.port in {1", "", "A comma or a } is expected."],
    ["tcp.port in {}", "}", "It takes a number"],
    ['tftp.source_file == "boot', '"boot', 'a " is expected.'],
    ["tcp.port contains 1", "1", "It takes a number"],
    ["tcp.flags.syn > 1", "1", "It takes 1 or 0, or true or false."],
    ["tcp § udp", "§", "Put text in double quotes."],
    ["!".repeat(200), "!", "nested too deeply"],
  ])("%s", (text, where, message) => {
    const error = parseFilter(text);
    expect(error).toMatchObject({ kind: "error", message: expect.stringContaining(message) });
    const { start, end } = error as { start: number; end: number };
    expect(text.slice(start, end)).toBe(where);
    if (where === "") expect(start).toBe(text.length);
  });
});

test("nothing at all is no filter", () => {
  expect(parseFilter("  ")).toBeUndefined();
});

const name = fc.constantFrom(...filterNames);
const value = fc.oneof(
  fc.nat().map(String),
  fc.ipV4(),
  fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
  fc.constantFrom("02:00:00:00:00:64", "true", "0x35", "10.0.0.0/8", "1..5"),
);
const word = fc.oneof(
  name,
  value,
  fc.constantFrom("==", "!=", "<", ">=", "contains", "in", "{", "}", "(", ")", "and", "or", "not", "!", ","),
);

test("any text is understood or refused at a place within it, and what is understood can be asked", () => {
  const words = fc.array(word, { maxLength: 12 }).map((list) => list.join(" "));
  fc.assert(
    fc.property(fc.oneof(words, fc.string({ unit: "grapheme", maxLength: 40 })), (text) => {
      const filter = parseFilter(text);
      if (filter === undefined) return text.trim() === "";
      if (filter.kind === "error")
        return (
          filter.start >= 0 &&
          filter.start <= filter.end &&
          filter.end <= text.length &&
          filter.message !== ""
        );
      for (const { fields } of dissected) passes(filter, fields);
      return true;
    }),
    { numRuns: 2000 },
  );
});

test("not, and, or mean what they mean, whichever way they are written", () => {
  const simple = fc.constantFrom(
    "tcp",
    "nbd",
    "arp",
    "ip.src == 10.86.0.1",
    "frame.len > 100",
    "udp.port == 69",
  );
  fc.assert(
    fc.property(simple, simple, simple, (a, b, c) => {
      const [inA, inB, inC] = [a, b, c].map((each) => new Set(passing(each)));
      const where = (test: (number: number) => boolean) => ALL.filter(test);
      expect(passing(`not ${a}`)).toEqual(where((n) => !inA!.has(n)));
      expect(passing(`${a} and ${b} or ${c}`)).toEqual(
        where((n) => (inA!.has(n) && inB!.has(n)) || inC!.has(n)),
      );
      expect(passing(`${a} or ${b} and ${c}`)).toEqual(passing(`(${a}) || ((${b}) && (${c}))`));
      expect(passing(`!(${a} || ${b})`)).toEqual(passing(`!(${a}) && !(${b})`));
    }),
    { numRuns: 50 },
  );
});
