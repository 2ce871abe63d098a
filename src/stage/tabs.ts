import { find } from "../dom.ts";

export type StageTab = "serial" | "screen" | "packets" | "blocks";
const TABS: readonly StageTab[] = ["serial", "screen", "packets", "blocks"];

/** The tabs over the stage, with the keys that the ARIA pattern gives them: arrows move, Home and End jump. */
export class StageTabs {
  readonly #stage: HTMLElement;
  readonly #onShow: (tab: StageTab) => void;

  constructor(stage: HTMLElement, onShow: (tab: StageTab) => void) {
    this.#stage = stage;
    this.#onShow = onShow;
    for (const tab of TABS) this.#button(tab).addEventListener("click", () => this.show(tab));
    find(stage, ".tabs", HTMLElement).addEventListener("keydown", (event) => this.#key(event));
  }

  get shown(): StageTab {
    return TABS.find((tab) => tab === this.#stage.dataset.shown) ?? "serial";
  }

  show(tab: StageTab): void {
    this.#stage.dataset.shown = tab;
    for (const one of TABS) {
      const button = this.#button(one);
      button.setAttribute("aria-selected", String(one === tab));
      button.tabIndex = one === tab ? 0 : -1;
    }
    this.#onShow(tab);
  }

  /** Where the keyboard goes when a console gives it back. */
  focus(): void {
    this.#button(this.shown).focus();
  }

  #button(tab: StageTab): HTMLButtonElement {
    return find(this.#stage, `#tab-${tab}`, HTMLButtonElement);
  }

  #key(event: KeyboardEvent): void {
    const at = TABS.indexOf(this.shown);
    const to = {
      ArrowRight: (at + 1) % TABS.length,
      ArrowLeft: (at + TABS.length - 1) % TABS.length,
      Home: 0,
      End: TABS.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.show(TABS[to]!);
    this.focus();
  }
}
