import { entryOf, type FieldName, fieldsOf, filterNames } from "../catalogue/catalogue.ts";
import type { FieldKind } from "../catalogue/kind.ts";
import type { Filter } from "./filter.ts";
import { type FilterError, FilterFault, type Token, tokensOf } from "./tokens.ts";
import { type Comparison, comparison, containment, expectedOf, range, type Test } from "./values.ts";

/** Signs, and the words that say the same. */
const COMPARISONS = new Map<string, Comparison>([
  ["==", "=="],
  ["eq", "=="],
  ["!=", "!="],
  ["ne", "!="],
  ["<", "<"],
  ["lt", "<"],
  ["<=", "<="],
  ["le", "<="],
  [">", ">"],
  ["gt", ">"],
  [">=", ">="],
  ["ge", ">="],
]);
/** Deeper than anybody writes: a bound for the stack. */
const DEEPEST = 100;

/**
 * Reads a display filter in the syntax of Wireshark: `nbd`, `tcp.port == 10809`, `ip.addr == 10.86.0.0/24`,
 * `tftp.source_file contains "boot"`, `dhcp.option.dhcp in {1, 3..5}`, `and` `or` `not` or `&&` `||` `!`, parentheses.
 * `undefined` for an empty text, which everything passes.
 */
export function parseFilter(text: string): Filter | FilterError | undefined {
  try {
    return new Parser(tokensOf(text)).whole();
  } catch (error) {
    if (error instanceof FilterFault) return error.fault;
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Filter | undefined {
    if (this.#tokens.length === 1) return undefined;
    const filter = this.#or();
    const rest = this.#token;
    if (rest.kind !== "end")
      throw fault(rest, `${quoted(rest)} does not belong here: "and" or "or" is expected.`);
    return filter;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#takes("||", "or")) left = { kind: "or", left, right: this.#and() };
    return left;
  }

  #and(): Filter {
    let left = this.#not();
    while (this.#takes("&&", "and")) left = { kind: "and", left, right: this.#not() };
    return left;
  }

  #not(): Filter {
    const token = this.#token;
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw fault(token, "This is nested too deeply.");
    const filter = this.#takes("!", "not") ? { kind: "not" as const, of: this.#not() } : this.#primary();
    this.#depth -= 1;
    return filter;
  }

  #primary(): Filter {
    const open = this.#token;
    if (!this.#takes("(")) return this.#test();
    const inner = this.#or();
    if (!this.#takes(")"))
      throw fault(this.#token, `A ) is expected for the ( at character ${open.start + 1}.`);
    return inner;
  }

  #test(): Filter {
    const name = this.#token;
    if (name.kind !== "word")
      throw fault(
        name,
        `The name of a protocol or a field is expected${name.kind === "end" ? " at the end" : `, not ${quoted(name)}`}.`,
      );
    const names = fieldsOf(name.text);
    if (names === undefined) throw fault(name, `There is no field ${name.text}.${similar(name.text)}`);
    this.#at += 1;
    const { kind } = entryOf(names[0]!);
    const operator = this.#token;
    const how = COMPARISONS.get(operator.text);
    if (how !== undefined && operator.kind !== "string") {
      this.#at += 1;
      const test = this.#value(name, kind, (value) => comparison(kind, how, value));
      return { kind: "test", names, every: how === "!=", test };
    }
    if (this.#takes("contains")) {
      const test = this.#value(name, kind, (value) => containment(kind, value));
      return { kind: "test", names, every: false, test };
    }
    if (this.#takes("in")) return { kind: "test", names, every: false, test: this.#set(name, names, kind) };
    return { kind: "exists", names };
  }

  #set(name: Token, names: readonly FieldName[], kind: FieldKind): Test {
    if (!this.#takes("{")) throw fault(this.#token, `A { is expected: ${names[0]} in {…}.`);
    const tests: Test[] = [];
    do {
      tests.push(this.#value(name, kind, (value) => member(kind, value)));
    } while (this.#takes(","));
    if (!this.#takes("}")) throw fault(this.#token, "A comma or a } is expected.");
    return (value) => tests.some((test) => test(value));
  }

  #value(name: Token, kind: FieldKind, read: (token: Token) => Test | undefined): Test {
    const token = this.#token;
    const value = token.kind === "word" || token.kind === "string";
    const test = value ? read(token) : undefined;
    if (test === undefined) {
      const found = token.kind === "end" ? "the end" : quoted(token);
      throw fault(
        token,
        `${name.text} cannot be compared like that with ${found}. It takes ${expectedOf(kind)}.`,
      );
    }
    this.#at += 1;
    return test;
  }

  /** Whether the next token is this sign or word; if so, it is taken. */
  #takes(...texts: readonly string[]): boolean {
    const { kind, text } = this.#token;
    if (kind === "string" || kind === "end" || !texts.includes(text)) return false;
    this.#at += 1;
    return true;
  }
}

/** One value of a set, or a range of them: `1..5`. */
function member(kind: FieldKind, token: Token): Test | undefined {
  const [first, last, more] = token.kind === "string" ? [] : token.text.split("..");
  if (first === undefined || last === undefined || more !== undefined) return comparison(kind, "==", token);
  return range(kind, { ...token, text: first }, { ...token, text: last });
}

function fault({ start, end }: Token, message: string): FilterFault {
  return new FilterFault(message, start, end);
}

function quoted({ kind, text }: Token): string {
  return kind === "string" ? JSON.stringify(text) : text;
}

const MOST_SHOWN = 4;

/** Names that begin as this one does, or with what is in front of its last dot. */
function similar(name: string): string {
  const protocol = name.slice(0, Math.max(0, name.lastIndexOf(".")));
  const begin = (start: string) => filterNames.filter((each) => start !== "" && each.startsWith(start));
  const found = [begin(name), begin(`${protocol}.`), begin(name.slice(0, 3))].find((each) => each.length > 0);
  if (found === undefined)
    return " Protocols are nbd, tcp, udp, ip, icmp, arp, dhcp, tftp, dns, aoe and eth.";
  const shown = found.slice(0, MOST_SHOWN).join(", ");
  return ` There is ${shown}${found.length > MOST_SHOWN ? ", and more" : ""}.`;
}
