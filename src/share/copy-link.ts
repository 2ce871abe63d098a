import { find, setText } from "../dom.ts";

export interface CopyLinkOptions {
  /** `undefined` where no address says what is chosen. */
  readonly link: () => string | undefined;
  /** The link lets whoever has it in: its reader should know. */
  readonly withToken: boolean;
}

const SAID_MS = 2000;
const NO_LINK = "An entry of a menu that another menu led to has no link of its own.";

/** The button that copies the address of the page as it is set now. */
export class CopyLink {
  readonly #button: HTMLButtonElement;
  readonly #said: HTMLElement;
  readonly #options: CopyLinkOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: ParentNode, options: CopyLinkOptions) {
    this.#options = options;
    this.#button = find(root, "#copy-link", HTMLButtonElement);
    this.#said = find(root, "#copy-link-said", HTMLElement);
    this.#rest();
    this.#button.addEventListener("click", () => void this.#copy());
  }

  async #copy(): Promise<void> {
    const link = this.#options.link();
    if (link === undefined) {
      this.#say("No link", NO_LINK);
      return;
    }
    try {
      await navigator.clipboard.writeText(link);
      this.#say("Link copied", "The link was copied.");
    } catch {
      // Without a secure context there is no clipboard, and with one it may be forbidden.
      prompt("This browser lets the page copy nothing. The link, to be copied by hand:", link);
    }
  }

  #say(words: string, sentence: string): void {
    setText(this.#button, words);
    this.#button.title = sentence;
    setText(this.#said, sentence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), SAID_MS);
  }

  #rest(): void {
    const { withToken } = this.#options;
    setText(this.#button, withToken ? "Copy link and token" : "Copy link");
    this.#button.title = withToken
      ? "The page as it is set now; the link holds the relay's token"
      : "The page as it is set now, the command line included";
    setText(this.#said, "");
  }
}
