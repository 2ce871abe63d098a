import type { Field } from "../../net/dissect/field.ts";
import { create } from "../dom.ts";

export interface FieldTreeOptions {
  /** A field was chosen: its bytes are to be marked. */
  readonly onSelect: (field: Field) => void;
}

/** The fields of a frame, with the keys that the ARIA pattern gives a tree: arrows move, open and close, Home and End jump. */
export class FieldTree {
  readonly element = create("ul", "field-tree");
  readonly #options: FieldTreeOptions;
  readonly #fields = new WeakMap<HTMLElement, Field>();
  /** Names of what the reader opened: the next frame opens them, too. */
  readonly #open = new Set<string>();
  #active: HTMLElement | undefined;

  constructor(options: FieldTreeOptions) {
    this.#options = options;
    this.element.setAttribute("role", "tree");
    this.element.setAttribute("aria-label", "Fields of the frame");
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => {
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      if (!(item instanceof HTMLElement)) return;
      const onMark = event.target instanceof Element && event.target.closest(".fold") !== null;
      if (onMark || item === this.#active) this.#toggle(item);
      this.#choose(item);
      item.focus();
    });
  }

  show(fields: readonly Field[]): void {
    this.#active = undefined;
    this.element.replaceChildren(...fields.map((field) => this.#item(field)));
    const first = this.element.querySelector<HTMLElement>("li");
    if (first !== null) first.tabIndex = 0;
  }

  focus(): void {
    (this.#active ?? this.element.querySelector<HTMLElement>("li"))?.focus();
  }

  /** Opens the way to the smallest field that has this byte, and chooses it. */
  selectByte(at: number): void {
    let found: HTMLElement | undefined;
    for (const item of this.element.querySelectorAll<HTMLElement>("li")) {
      const field = this.#fields.get(item)!;
      if (field.name === "frame" || at < field.start || at >= field.end) continue;
      const best = found && this.#fields.get(found)!;
      if (best === undefined || field.end - field.start <= best.end - best.start) found = item;
    }
    if (found === undefined) return;
    for (let item = parentOf(found); item !== undefined; item = parentOf(item)) this.#setOpen(item, true);
    this.#choose(found);
    found.scrollIntoView({ block: "nearest" });
  }

  #item(field: Field): HTMLLIElement {
    const line = create("span", "field-line");
    const item = create("li", "field", line);
    const value = field.text === "" ? [] : [": ", create("b", "", field.text)];
    const fold = create("span", "fold");
    fold.setAttribute("aria-hidden", "true");
    line.append(fold, create("span", "", field.label, ...value));
    item.tabIndex = -1;
    item.dataset.name = field.name;
    item.setAttribute("role", "treeitem");
    // Without it, an item that is open is called by all that is in it.
    item.setAttribute("aria-label", field.text === "" ? field.label : `${field.label}: ${field.text}`);
    item.title = field.name;
    this.#fields.set(item, field);
    if (field.children.length > 0) {
      const group = create("ul", "", ...field.children.map((child) => this.#item(child)));
      group.setAttribute("role", "group");
      item.append(group);
      item.setAttribute("aria-expanded", String(this.#open.has(field.name)));
    }
    return item;
  }

  #choose(item: HTMLElement): void {
    if (this.#active !== undefined) {
      this.#active.tabIndex = -1;
      this.#active.removeAttribute("aria-selected");
    } else {
      for (const other of this.element.querySelectorAll<HTMLElement>('[tabindex="0"]')) other.tabIndex = -1;
    }
    item.tabIndex = 0;
    item.setAttribute("aria-selected", "true");
    this.#active = item;
    this.#options.onSelect(this.#fields.get(item)!);
  }

  #toggle(item: HTMLElement): void {
    if (item.hasAttribute("aria-expanded"))
      this.#setOpen(item, item.getAttribute("aria-expanded") !== "true");
  }

  #setOpen(item: HTMLElement, open: boolean): void {
    item.setAttribute("aria-expanded", String(open));
    const { name } = this.#fields.get(item)!;
    if (open) this.#open.add(name);
    else this.#open.delete(name);
  }

  #key(event: KeyboardEvent): void {
    const item = event.target;
    if (!(item instanceof HTMLElement) || event.ctrlKey || event.altKey || event.metaKey) return;
    const shown = Array.from(this.element.querySelectorAll<HTMLElement>("li")).filter(isShown);
    const at = shown.indexOf(item);
    const expanded = item.getAttribute("aria-expanded");
    const to = {
      ArrowDown: shown[at + 1],
      ArrowUp: shown[at - 1],
      Home: shown[0],
      End: shown.at(-1),
      ArrowRight: expanded === "true" ? shown[at + 1] : undefined,
      ArrowLeft: expanded === "true" ? undefined : parentOf(item),
    }[event.key];
    if (to === undefined) {
      const opens = event.key === "ArrowRight" && expanded === "false";
      const closes = event.key === "ArrowLeft" && expanded === "true";
      if (opens || closes || event.key === "Enter" || event.key === " ") this.#toggle(item);
      else return;
    }
    event.preventDefault();
    if (to === undefined) return;
    this.#choose(to);
    to.focus();
  }
}

function parentOf(item: HTMLElement): HTMLElement | undefined {
  return item.parentElement?.closest("li") ?? undefined;
}

function isShown(item: HTMLElement): boolean {
  for (let parent = parentOf(item); parent !== undefined; parent = parentOf(parent))
    if (parent.getAttribute("aria-expanded") !== "true") return false;
  return true;
}
