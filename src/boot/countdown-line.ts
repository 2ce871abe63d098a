import { find, setText } from "../dom.ts";
import { Countdown } from "./countdown.ts";

/** Whatever a person does on the page. */
const STOPPERS = ["keydown", "pointerdown"] as const;

/** The line that says what starts when. Any key, any press and its own button stop it, as a key does in PXELINUX. */
export class CountdownLine {
  readonly #line: HTMLElement;
  readonly #text: HTMLElement;
  #countdown: Countdown | undefined;

  constructor(root: ParentNode) {
    this.#line = find(root, "#countdown", HTMLElement);
    this.#text = find(root, "#countdown-text", HTMLElement);
  }

  /** @param title what starts, for people */
  start(title: string, durationMs: number, onEnd: () => void): void {
    this.stop();
    this.#line.hidden = false;
    for (const event of STOPPERS) document.addEventListener(event, this.stop, { capture: true });
    this.#countdown = new Countdown({
      durationMs,
      onSeconds: (seconds) => setText(this.#text, `${title} starts in ${seconds} s. Any key stops it.`),
      onEnd: () => {
        this.stop();
        onEnd();
      },
    });
  }

  readonly stop = (): void => {
    this.#countdown?.stop();
    this.#countdown = undefined;
    this.#line.hidden = true;
    for (const event of STOPPERS) document.removeEventListener(event, this.stop, { capture: true });
  };
}
