import { create } from "../dom.ts";
import type { PacketsPanel, PacketsPanelOptions } from "./packets-panel.ts";

/** The place of the packets on the page: the panel is fetched when it is shown first, and costs nothing before. */
export class PacketsTab {
  readonly #parent: HTMLElement;
  readonly #options: PacketsPanelOptions;
  #panel: PacketsPanel | undefined;
  #shown = false;
  #loading = false;

  constructor(parent: HTMLElement, options: PacketsPanelOptions) {
    this.#parent = parent;
    this.#options = options;
  }

  show(shown: boolean): void {
    this.#shown = shown;
    if (this.#panel === undefined) {
      if (shown) void this.#load();
    } else if (shown) this.#panel.open();
    else this.#panel.close();
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { PacketsPanel } = await import("./packets-panel.ts");
      this.#parent.replaceChildren();
      this.#panel = new PacketsPanel(this.#parent, this.#options);
      this.show(this.#shown);
    } catch {
      const why =
        "The packets' part of the page could not be fetched. Choose this tab again to try once more.";
      this.#parent.replaceChildren(create("p", "", why));
    }
    this.#loading = false;
  }
}
