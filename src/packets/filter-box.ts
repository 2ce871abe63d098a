import type { Filter } from "../../net/dissect/filter/filter.ts";
import { parseFilter } from "../../net/dissect/filter/parse.ts";
import { create, setText } from "../dom.ts";

/** What people ask first: offered while they type. */
const EXAMPLES = [
  "nbd",
  "nbd.type == 0",
  "nbd.time > 0.05",
  "dhcp",
  "dhcp.option.type == 53",
  "tftp",
  "arp or icmp",
  "dns",
  "aoe",
  "tcp.port == 10809",
  "tcp.flags.syn == 1",
  "tcp.analysis.retransmission",
  "ip.addr == 10.86.0.0/24",
  "frame.len > 1000",
  "not nbd",
];

/** The time after the last key at which the filter counts. */
const QUIET_MS = 200;

/** The line for the display filter. A filter that makes no sense says where, and the one before stays. */
export class FilterBox {
  readonly element = create("div", "filter-box");
  readonly #input = create("input", "filter-input");
  readonly #error = create("p", "filter-error");
  readonly #onFilter: (filter: Filter | undefined) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onFilter: (filter: Filter | undefined) => void) {
    this.#onFilter = onFilter;
    const input = this.#input;
    input.id = "packet-filter";
    input.type = "text";
    input.spellcheck = false;
    input.autocapitalize = "off";
    input.autocomplete = "off";
    input.placeholder = "nbd, tcp.port == 10809, …";
    input.setAttribute("list", "packet-filter-examples");
    input.setAttribute("aria-describedby", "packet-filter-error");
    input.addEventListener("input", () => this.#later());
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#apply();
    });
    const label = create("label", "", "Filter");
    label.htmlFor = input.id;
    const examples = create(
      "datalist",
      "",
      ...EXAMPLES.map((text) => Object.assign(create("option", ""), { value: text })),
    );
    examples.id = "packet-filter-examples";
    this.#error.id = "packet-filter-error";
    this.#error.setAttribute("role", "status");
    this.element.append(label, input, examples, this.#error);
  }

  /** Puts a filter there, as if it was typed. */
  set(text: string): void {
    this.#input.value = text;
    this.#apply();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#apply(), QUIET_MS);
  }

  #apply(): void {
    clearTimeout(this.#timer);
    const text = this.#input.value;
    const filter = parseFilter(text);
    const wrong = filter?.kind === "error" ? filter : undefined;
    this.#input.setAttribute("aria-invalid", String(wrong !== undefined));
    if (wrong === undefined) {
      setText(this.#error, "");
      this.#onFilter(filter as Filter | undefined);
      return;
    }
    const at = text.slice(wrong.start, wrong.end);
    const before = text.slice(0, wrong.start);
    const where = create("code", "", before, create("mark", "", at === "" ? " " : at), text.slice(wrong.end));
    this.#error.replaceChildren(where, ` ${wrong.message}`);
  }
}
