import { MILESTONES, type Problem } from "../../worker/interface.ts";
import { create, prose } from "../dom.ts";

/** What went wrong, over the console: a sentence, what to do, and at which milestone. */
export class ProblemsView {
  readonly #region: HTMLElement;
  readonly #onDismiss: (problem: Problem) => void;
  readonly #cards = new Map<Problem, HTMLElement>();

  constructor(region: HTMLElement, onDismiss: (problem: Problem) => void) {
    this.#region = region;
    this.#onDismiss = onDismiss;
  }

  /** A card that is there already stays untouched: the region is live, and would announce it again. */
  show(problems: readonly Problem[]): void {
    for (const [problem, card] of this.#cards) {
      if (problems.includes(problem)) continue;
      card.remove();
      this.#cards.delete(problem);
    }
    for (const problem of problems) {
      if (this.#cards.has(problem)) continue;
      const card = this.#card(problem);
      this.#cards.set(problem, card);
      this.#region.append(card);
    }
  }

  #card(problem: Problem): HTMLElement {
    const milestone = MILESTONES.find(({ name }) => name === problem.milestone);
    const text = create("div", "");
    text.append(
      create("p", "what", ...prose(problem.message)),
      create("p", "advice", ...prose(problem.advice)),
    );
    if (milestone !== undefined) text.append(create("p", "where", `It happened at: ${milestone.caption}`));
    const dismiss = create("button", "", "×");
    dismiss.type = "button";
    dismiss.setAttribute("aria-label", "Dismiss this message");
    dismiss.addEventListener("click", () => this.#onDismiss(problem));
    const card = create("div", "problem", text, dismiss);
    card.insertAdjacentHTML(
      "afterbegin",
      `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4 2.5 20h19Zm0 6v4.5m0 2.7v.1" /></svg>`,
    );
    card.dataset.severity = problem.severity;
    card.dataset.code = problem.code;
    return card;
  }
}
