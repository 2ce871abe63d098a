import { create } from "../dom.ts";
import type { Packet, PacketStore } from "./packet-store.ts";

export interface PacketListOptions {
  readonly store: PacketStore;
  readonly onSelect: (packet: Packet) => void;
  /** Enter: on to what the frame holds. */
  readonly onEnter: () => void;
}

/** Rows beyond those in view, so that scrolling shows no gap. */
const SPARE_ROWS = 6;
const FALLBACK_ROW_PX = 24;

/**
 * The frames, one a line. Only the lines in view are in the document, however many there are. To assistive technology it is
 * a list box: its keys are the arrows, Page Up and Down, Home and End.
 */
export class PacketList {
  readonly element = create("div", "packet-list");
  readonly #spacer = create("div", "packet-rows");
  readonly #options: PacketListOptions;
  #packets: readonly Packet[] = [];
  /** Those in the document. They stay the same elements as long as they are in view: what is clicked must not be replaced. */
  #rows = new Map<Packet, HTMLElement>();
  #selected: number | undefined;
  #rowPx = FALLBACK_ROW_PX;
  /** Whether new frames are to be scrolled to. */
  #following = true;

  constructor(options: PacketListOptions) {
    this.#options = options;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute("role", "listbox");
    element.setAttribute("aria-label", "Frames");
    element.append(this.#spacer);
    element.addEventListener("scroll", () => {
      this.#following = element.scrollTop + element.clientHeight >= element.scrollHeight - this.#rowPx;
      this.#draw();
    });
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[data-number]") : null;
      if (row instanceof HTMLElement) this.select(Number(row.dataset.number));
    });
    new ResizeObserver(() => this.#draw()).observe(element);
  }

  /** The frame that is selected and shown; `undefined` where the filter hides it. */
  get selected(): Packet | undefined {
    return this.#packets[this.#index];
  }

  show(packets: readonly Packet[]): void {
    this.#packets = packets;
    this.#spacer.style.height = `${packets.length * this.#rowPx}px`;
    if (this.#following && this.#selected === undefined) this.element.scrollTop = this.element.scrollHeight;
    this.#draw();
  }

  /** Selects the frame of this number, and brings it into view. */
  select(number: number): void {
    this.#selected = number;
    const index = this.#index;
    if (index >= 0) this.#reveal(index);
    this.#draw();
    const packet = this.#packets[index];
    if (packet !== undefined) this.#options.onSelect(packet);
  }

  forgetSelection(): void {
    this.#selected = undefined;
    this.#following = true;
    this.#draw();
  }

  /** Brings the selected frame into view again, where a filter has moved it. */
  reveal(): void {
    const index = this.#index;
    if (index >= 0) this.#reveal(index);
  }

  get #index(): number {
    return this.#selected === undefined ? -1 : indexOf(this.#packets, this.#selected);
  }

  #reveal(index: number): void {
    const { element } = this;
    const top = index * this.#rowPx;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + this.#rowPx > element.scrollTop + element.clientHeight)
      element.scrollTop = top + this.#rowPx - element.clientHeight;
  }

  #draw(): void {
    const { element } = this;
    if (element.clientHeight === 0) return;
    const first = Math.max(0, Math.floor(element.scrollTop / this.#rowPx) - SPARE_ROWS);
    const last = Math.min(
      this.#packets.length,
      Math.ceil((element.scrollTop + element.clientHeight) / this.#rowPx) + SPARE_ROWS,
    );
    const before = this.#rows;
    this.#rows = new Map();
    for (let index = first; index < last; index += 1) {
      const packet = this.#packets[index]!;
      const row = before.get(packet) ?? this.#row(packet);
      this.#rows.set(packet, row);
      this.#place(row, packet, index);
    }
    const rows = [...this.#rows.values()];
    const same = rows.length === before.size && rows.every((row) => row.parentNode === this.#spacer);
    if (!same) this.#spacer.replaceChildren(...rows);
    const active = rows.find((row) => row.getAttribute("aria-selected") === "true");
    if (active === undefined) element.removeAttribute("aria-activedescendant");
    else element.setAttribute("aria-activedescendant", active.id);
    this.#measure(rows[0]);
  }

  /** Rows are as high as the text that the reader has chosen. */
  #measure(row: HTMLElement | undefined): void {
    const heightPx = row?.offsetHeight ?? 0;
    if (heightPx === 0 || heightPx === this.#rowPx) return;
    this.#rowPx = heightPx;
    this.show(this.#packets);
  }

  #row(packet: Packet): HTMLElement {
    const { number, timeMs, direction } = packet.context;
    const { protocol, source, destination, info } = this.#options.store.summary(packet);
    const sent = direction === "out";
    const row = create(
      "div",
      "packet-row",
      create("span", "cell number", String(number)),
      create("span", "cell time", (timeMs / 1000).toFixed(4)),
      create(
        "span",
        "cell way",
        create("span", "visually-hidden", sent ? "sent" : "received"),
        sent ? "↑" : "↓",
      ),
      create("span", "cell source", source),
      create("span", "cell destination", destination),
      create("span", "cell protocol", protocol),
      create("span", "cell info", info),
    );
    row.id = `packet-${number}`;
    row.dataset.number = String(number);
    row.dataset.protocol = protocol;
    row.setAttribute("role", "option");
    return row;
  }

  #place(row: HTMLElement, { context }: Packet, index: number): void {
    row.style.top = `${index * this.#rowPx}px`;
    row.setAttribute("aria-setsize", String(this.#packets.length));
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-selected", String(context.number === this.#selected));
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.#options.onEnter();
      return;
    }
    const last = this.#packets.length - 1;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowPx) - 1);
    const at = this.#index;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.select(this.#packets[Math.min(Math.max(to, 0), last)]!.context.number);
  }
}

/** Numbers grow along the list: by halves. -1 where it is not there. */
function indexOf(packets: readonly Packet[], number: number): number {
  let low = 0;
  let high = packets.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = packets[middle]!.context.number;
    if (found === number) return middle;
    if (found < number) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
