import { create, setText } from "../dom.ts";
import { formatBytes } from "../format.ts";
import type { Stream } from "./stream-pieces.ts";

/** What two hosts said to each other, one after the other. */
export class StreamView {
  readonly element = create("section", "packet-page");
  readonly #title = create("h3", "");
  readonly #body = create("div", "packet-page-body stream");

  constructor(onClose: () => void) {
    const close = create("button", "", "Back to the frames");
    close.type = "button";
    close.addEventListener("click", onClose);
    this.element.hidden = true;
    this.element.setAttribute("aria-label", "Stream");
    this.#body.tabIndex = 0;
    this.#body.setAttribute("role", "region");
    this.#body.setAttribute("aria-label", "What was said");
    this.element.append(create("header", "", this.#title, close), this.#body);
  }

  show({ filter, pieces, bytes, cut }: Stream): void {
    const many = cut ? `${formatBytes(bytes)}, of which the beginning is shown` : formatBytes(bytes);
    setText(this.#title, `${filter}, ${many}`);
    this.#body.replaceChildren(
      ...pieces.map(({ direction, text }) => {
        const who = direction === "out" ? "The machine" : "The other side";
        const piece = create(
          "figure",
          "",
          create("figcaption", "", `${who}, ${text.length} bytes`),
          create("pre", "", text),
        );
        piece.dataset.direction = direction;
        return piece;
      }),
    );
    if (pieces.length === 0) this.#body.replaceChildren(create("p", "", "Nobody has said anything yet."));
    this.element.hidden = false;
    this.#body.scrollTop = 0;
    this.#body.focus();
  }
}
