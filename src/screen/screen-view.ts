import type { MachineEvent } from "../../worker/interface.ts";
import { find, setText } from "../dom.ts";
import { CapturedKeyboard, CTRL_ALT_DELETE } from "./captured-keyboard.ts";
import { offerKeyMeanings } from "./key-meanings.ts";
import { Painter } from "./painter.ts";
import { Picture } from "./picture.ts";
import { TextScreen } from "./text-screen.ts";

const INVITE = "Click the screen to type into it";
/** For those who do not see it. */
const GRAPHICAL = "The machine shows a picture.";
const CAPTURED = "Typing into the machine. Ctrl+Alt lets go";

export interface ScreenViewOptions {
  readonly onScancodes: (codes: readonly number[]) => void;
  /** The reader wants to leave the screen with the keyboard. */
  readonly onLeave: () => void;
}

/** The VGA screen and the keyboard in front of it. It paints only while it is seen. */
export class ScreenView {
  readonly #screen = new TextScreen();
  readonly #picture = new Picture();
  readonly #keyboard = new CapturedKeyboard();
  readonly #options: ScreenViewOptions;
  readonly #panel: HTMLElement;
  readonly #box: HTMLElement;
  /** Has the focus, and the keys. */
  readonly #keys: HTMLElement;
  readonly #painter: Painter;
  readonly #hint: Element;
  readonly #mirror: Element;
  readonly #ctrlAltDelete: HTMLButtonElement;
  #shown = false;
  #asked = false;
  #captured = false;

  constructor(root: ParentNode, options: ScreenViewOptions) {
    this.#options = options;
    this.#panel = find(root, "#screen", HTMLElement);
    this.#box = find(root, "#screen-box", HTMLElement);
    this.#keys = find(root, "#screen-keys", HTMLElement);
    this.#keys.tabIndex = 0;
    this.#hint = find(root, "#screen-hint", HTMLElement);
    this.#mirror = find(root, "#screen-text", HTMLElement);
    this.#ctrlAltDelete = find(root, "#ctrl-alt-delete", HTMLButtonElement);
    this.#painter = new Painter(find(root, "#screen-canvas", HTMLCanvasElement));
    this.#ctrlAltDelete.addEventListener("click", () => options.onScancodes(CTRL_ALT_DELETE));
    this.#keys.addEventListener("click", () => this.#capture(true));
    this.#keys.addEventListener("blur", () => this.#capture(false));
    this.#keys.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#keys.addEventListener("keyup", (event) => this.#keyUp(event));
    offerKeyMeanings(find(root, "#key-meaning", HTMLSelectElement), this.#keyboard);
    new ResizeObserver(() => this.#fit()).observe(this.#box);
  }

  handle(
    event: Extract<MachineEvent, { type: "screen-size" | "screen-rows" | "screen-pixels" | "cursor" }>,
  ): void {
    if (event.type === "screen-pixels") {
      if (this.#picture.take(event)) this.#fit();
    } else if (event.type === "screen-rows") this.#screen.setRows(event.rows);
    else if (event.type === "cursor") this.#screen.setCursor(event);
    else {
      this.#screen.resize(event.columns, event.rows, event.graphical);
      this.#fit();
    }
    this.#ask();
  }

  reset(): void {
    this.#screen.clear();
    this.#picture.clear();
    this.#ask();
  }

  /** Whether there is a machine that would hear a key. */
  enable(on: boolean): void {
    this.#ctrlAltDelete.disabled = !on;
  }

  show(shown: boolean): void {
    this.#shown = shown;
    if (!shown) return;
    this.#fit();
    this.#ask();
  }

  text(): string {
    return this.#screen.text();
  }

  #fit(): void {
    const { clientWidth, clientHeight } = this.#box;
    if (!this.#shown || clientWidth === 0 || clientHeight === 0) return;
    if (this.#screen.graphical) this.#painter.fitPicture(this.#picture, clientWidth - 4, clientHeight - 4);
    else this.#painter.fit(this.#screen, clientWidth - 4, clientHeight - 4);
    this.#paint();
  }

  /** At most one painting a frame, however much changed. */
  #ask(): void {
    if (!this.#shown || this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#paint();
      setText(this.#mirror, this.#screen.graphical ? GRAPHICAL : this.#screen.text());
    });
  }

  #paint(): void {
    if (this.#screen.graphical) this.#painter.paintPicture(this.#picture);
    else this.#painter.paint(this.#screen);
  }

  #capture(on: boolean): void {
    if (this.#captured === on) return;
    this.#captured = on;
    this.#panel.toggleAttribute("data-captured", on);
    if (on) this.#keys.focus();
    else this.#send(this.#keyboard.letGo());
    this.#showHint();
  }

  /** Focus alone takes no keys, so that Tab passes by; Enter or a click does. */
  #keyDown(event: KeyboardEvent): void {
    if (!this.#captured) {
      if (event.key !== "Enter") return;
      this.#capture(true);
      event.preventDefault();
      return;
    }
    event.preventDefault();
    const { code, key } = event;
    const altGraph = event.getModifierState("AltGraph");
    this.#send(this.#keyboard.keyDown({ code, key, altGraph }).scancodes);
  }

  #keyUp(event: KeyboardEvent): void {
    if (!this.#captured) return;
    event.preventDefault();
    const { scancodes, release } = this.#keyboard.keyUp(event.code);
    this.#send(scancodes);
    if (!release) return;
    this.#capture(false);
    this.#options.onLeave();
  }

  #send(codes: readonly number[]): void {
    if (codes.length > 0) this.#options.onScancodes(codes);
  }

  #showHint(): void {
    setText(this.#hint, this.#captured ? CAPTURED : INVITE);
  }
}
