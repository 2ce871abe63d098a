import { create } from "../dom.ts";

/** A panel of the stage: what it does costs something only while it is open. */
export interface StagePanel {
  open(): void;
  close(): void;
}

/** The place of a panel on the page: its code is fetched when it is shown first. */
export class LazyPanel {
  readonly #parent: HTMLElement;
  readonly #load: (parent: HTMLElement) => Promise<StagePanel>;
  #panel: StagePanel | undefined;
  #shown = false;
  #loading = false;

  constructor(parent: HTMLElement, load: (parent: HTMLElement) => Promise<StagePanel>) {
    this.#parent = parent;
    this.#load = load;
  }

  show(shown: boolean): void {
    this.#shown = shown;
    if (this.#panel === undefined) {
      if (shown && !this.#loading) void this.#fetch();
    } else if (shown) this.#panel.open();
    else this.#panel.close();
  }

  async #fetch(): Promise<void> {
    this.#loading = true;
    try {
      this.#parent.replaceChildren();
      this.#panel = await this.#load(this.#parent);
      this.show(this.#shown);
    } catch {
      const why = "This part of the page could not be fetched. Choose its tab again to try once more.";
      this.#parent.replaceChildren(create("p", "", why));
    }
    this.#loading = false;
  }
}
