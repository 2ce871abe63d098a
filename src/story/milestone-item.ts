import type { Milestone } from "../../worker/interface.ts";
import { create, setText } from "../dom.ts";
import { formatDuration } from "../format.ts";

/** How a state is told to who does not see the mark. */
const SPOKEN = {
  waiting: "",
  running: "under way: ",
  done: "done: ",
  failed: "failed: ",
  skipped: "skipped: ",
} as const;

const MARKS = [
  ["tick", "M5.5 10.5l3 3 6-7"],
  ["cross", "M6.5 6.5l7 7m0-7l-7 7"],
  ["dash", "M6 10h8"],
] as const;

/** One milestone of the list: `<li data-milestone="login" data-state="done" data-at-ms="41230">`. */
export class MilestoneItem {
  readonly element: HTMLLIElement;
  readonly #name: string;
  readonly #spoken = create("span", "visually-hidden");
  readonly #time = create("span", "time numbers");
  readonly #more = document.createTextNode("");

  constructor(name: string, caption: string) {
    this.#name = name;
    const dot = create("span", "dot");
    dot.setAttribute("aria-hidden", "true");
    for (const [mark, path] of MARKS) dot.append(drawMark(mark, path));
    // The technical name stands there from the start, so that a row keeps its height when its detail arrives.
    const detail = create("span", "detail", create("b", "", name), this.#more);
    this.element = create(
      "li",
      "milestone",
      dot,
      create("span", "caption", this.#spoken, caption),
      this.#time,
      detail,
    );
    this.element.dataset.milestone = name;
    this.show({ state: "waiting" }, undefined);
  }

  /** @param progress what is said instead of the detail while it is under way */
  show({ state, atMs, detail }: Omit<Milestone, "name">, progress: string | undefined): void {
    const { dataset } = this.element;
    dataset.state = state;
    if (atMs === undefined) delete dataset.atMs;
    else dataset.atMs = String(Math.round(atMs));
    setText(this.#spoken, SPOKEN[state]);
    const happened = state === "done" || state === "failed";
    setText(this.#time, happened && atMs !== undefined ? formatDuration(atMs) : "");
    const more = progress ?? detail ?? "";
    this.#more.data = more === "" ? "" : ` · ${more}`;
    this.element.title = more === "" ? "" : `${this.#name}: ${more}`;
  }
}

function drawMark(mark: string, path: string): SVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", mark);
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
