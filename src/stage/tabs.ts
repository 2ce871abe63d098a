import { find } from "../dom.ts";
import { STAGE_TABS, type StageTab } from "../page-url.ts";

/** The tabs over the stage, with the keys that the ARIA pattern gives them: arrows move, Home and End jump. */
export class StageTabs {
  readonly #stage: HTMLElement;
  readonly #onShow: (tab: StageTab) => void;

  constructor(stage: HTMLElement, onShow: (tab: StageTab) => void) {
    this.#stage = stage;
    this.#onShow = onShow;
    for (const tab of STAGE_TABS) this.#button(tab).addEventListener("click", () => this.show(tab));
    find(stage, ".tabs", HTMLElement).addEventListener("keydown", (event) => this.#key(event));
  }

  get shown(): StageTab {
    return STAGE_TABS.find((tab) => tab === this.#stage.dataset.shown) ?? "serial";
  }

  show(tab: StageTab): void {
    this.#stage.dataset.shown = tab;
    for (const one of STAGE_TABS) {
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
    const at = STAGE_TABS.indexOf(this.shown);
    const to = {
      ArrowRight: (at + 1) % STAGE_TABS.length,
      ArrowLeft: (at + STAGE_TABS.length - 1) % STAGE_TABS.length,
      Home: 0,
      End: STAGE_TABS.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.show(STAGE_TABS[to]!);
    this.focus();
  }
}
