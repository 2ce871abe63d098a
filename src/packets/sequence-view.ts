import { create, setText } from "../dom.ts";
import type { Sequence, SequenceStep } from "./sequence-steps.ts";

export interface SequenceViewOptions {
  readonly onClose: () => void;
  /** A frame was chosen. */
  readonly onSelect: (number: number) => void;
}

/** The machine on one side, who it talks to on the other, and what goes between them, from top to bottom. */
export class SequenceView {
  readonly element = create("section", "packet-page");
  readonly #options: SequenceViewOptions;
  readonly #title = create("h3", "");
  readonly #steps = create("ol", "sequence");

  constructor(options: SequenceViewOptions) {
    this.#options = options;
    const close = create("button", "", "Back to the frames");
    close.type = "button";
    close.addEventListener("click", options.onClose);
    this.element.hidden = true;
    this.element.setAttribute("aria-label", "Sequence");
    const head = create(
      "div",
      "sequence-head",
      create("b", "", "The machine"),
      create("b", "", "The network"),
    );
    head.setAttribute("aria-hidden", "true");
    const body = create("div", "packet-page-body", head, this.#steps);
    this.element.append(create("header", "", this.#title, close), body);
  }

  show({ steps, left }: Sequence): void {
    const more = left === 0 ? "" : `; ${left.toLocaleString("en")} later frames are not in it`;
    setText(this.#title, `Who says what: ${steps.length.toLocaleString("en")} messages${more}`);
    this.#steps.replaceChildren(...steps.map((step) => this.#item(step)));
    this.element.hidden = false;
    this.#steps.querySelector("button")?.focus();
  }

  #item(step: SequenceStep): HTMLLIElement {
    const { number, timeMs, direction, other, protocol, text } = step;
    const sent = direction === "out";
    const arrow = create(
      "button",
      "sequence-arrow",
      create("span", "sequence-what", create("b", "", protocol), ` ${text}`),
      create("span", "sequence-other", `${sent ? "to" : "from"} ${other}`),
    );
    arrow.type = "button";
    arrow.addEventListener("click", () => this.#options.onSelect(number));
    const item = create("li", "", create("span", "sequence-time", `${(timeMs / 1000).toFixed(4)} s`), arrow);
    item.dataset.direction = direction;
    item.dataset.protocol = protocol;
    return item;
  }
}
