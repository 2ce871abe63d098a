import type { Page } from "@playwright/test";
import type {} from "../src/handle.ts";
import { expect } from "./fixtures.ts";

/** A whole boot on a busy machine; it only ends what hangs. */
export const BOOT_TIMEOUT_MS = 9 * 60_000;
const COMMAND_TIMEOUT_MS = 60_000;

/** The machine in an open page, as a person at its console drives it. */
export class ConsoleOf {
  readonly #page: Page;
  #commands = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The text of the serial console without escape sequences and carriage returns. */
  async text(): Promise<string> {
    const raw = await this.#page.evaluate(() => window.netroot!.consoleText());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    return raw.replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>]|\r/g, "");
  }

  /** Waits until the milestone is done; an error that the page shows ends the waiting. */
  async reaches(milestone: string): Promise<void> {
    const item = this.#page.locator(`[data-milestone="${milestone}"]`);
    const failed = this.#page.locator('.problem[data-severity="error"]');
    await expect(item.and(this.#page.locator('[data-state="done"]')).or(failed).first()).toBeVisible({
      timeout: BOOT_TIMEOUT_MS,
    });
    expect(await failed.allTextContents(), await this.text()).toEqual([]);
    await expect(item).toHaveAttribute("data-state", "done");
  }

  async waitsFor(text: string | RegExp, timeout = COMMAND_TIMEOUT_MS): Promise<void> {
    await expect.poll(() => this.text(), { timeout }).toMatch(text);
  }

  /** Types a command; what it printed, once it has ended. The marks are typed in halves, so that their echo is not them. */
  async run(command: string): Promise<string> {
    const id = ++this.#commands;
    await this.#page.evaluate(
      (line) => window.netroot!.type(line),
      `echo "BEGIN"-${id}; ${command}; echo "END"-${id}\n`,
    );
    await this.waitsFor(new RegExp(`\nEND-${id}\n`));
    const text = await this.text();
    return text
      .slice(text.lastIndexOf(`BEGIN-${id}\n`) + `BEGIN-${id}\n`.length, text.lastIndexOf(`END-${id}\n`))
      .trim();
  }
}
