import type { PowerState } from "../../worker/interface.ts";
import { find, setText } from "../dom.ts";

export interface PowerActions {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly reset: () => void;
  readonly powerOff: () => void;
}

/** Pause, Reset and Power off. Power on is the boot form's own submit button. */
export class PowerButtons {
  readonly #pause: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #powerOff: HTMLButtonElement;
  #power: PowerState = "off";

  constructor(root: ParentNode, actions: PowerActions) {
    this.#pause = find(root, "#pause", HTMLButtonElement);
    this.#reset = find(root, "#reset", HTMLButtonElement);
    this.#powerOff = find(root, "#power-off", HTMLButtonElement);
    this.#pause.addEventListener("click", () =>
      this.#power === "paused" ? actions.resume() : actions.pause(),
    );
    this.#reset.addEventListener("click", actions.reset);
    this.#powerOff.addEventListener("click", actions.powerOff);
  }

  show(power: PowerState): void {
    this.#power = power;
    const running = power === "running" || power === "paused";
    this.#pause.disabled = !running;
    this.#reset.disabled = !running;
    this.#powerOff.disabled = power === "off";
    setText(this.#pause, power === "paused" ? "Resume" : "Pause");
  }
}
