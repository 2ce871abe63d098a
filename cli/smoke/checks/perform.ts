import type { BootRecord } from "../boot/boot-record.ts";
import { type Check, compile } from "../plan.ts";
import { checkName } from "./check-name.ts";
import type { CheckResult } from "./check-result.ts";
import { logIn } from "./log-in.ts";

/** What a command may print into a report. */
const MAX_OUTPUT_CHARACTERS = 64 * 1024;
const LOGIN_QUESTION = /(?:^|\s)\S+ login: ?$/;

/** Goes through the checks of a case, in their order, on a machine that is up. */
export class CheckRun {
  readonly #record: BootRecord;
  /** Where in the console's text the next --expect begins to look. */
  #position = 0;

  constructor(record: BootRecord) {
    this.#record = record;
  }

  /** Rejects only with the signal's reason: a check that does not hold is a result. */
  async perform(check: Check, signal: AbortSignal): Promise<CheckResult> {
    const startMs = performance.now();
    const within = check.withinMs === undefined ? undefined : AbortSignal.timeout(check.withinMs);
    const both = within === undefined ? signal : AbortSignal.any([signal, within]);
    const result = (passed: boolean, detail: string, more: Partial<CheckResult> = {}): CheckResult => ({
      name: checkName(check),
      passed,
      detail,
      tookMs: Math.round(performance.now() - startMs),
      ...more,
    });
    try {
      return await this.#perform(check, both, result);
    } catch (error) {
      signal.throwIfAborted();
      if (within?.aborted) return result(false, `It did not hold within ${check.withinMs! / 1000} s.`);
      return result(false, `${(error as Error).message}.`);
    }
  }

  async #perform(
    check: Check,
    signal: AbortSignal,
    result: (passed: boolean, detail: string, more?: Partial<CheckResult>) => CheckResult,
  ): Promise<CheckResult> {
    const { console } = this.#record;
    switch (check.kind) {
      case "expect": {
        const match = await console.waitFor(compile(check.pattern), { from: this.#position, signal });
        this.#position += match.index + match[0].length;
        return result(true, `The console says: ${match[0]}`);
      }
      case "screen": {
        const found = await this.#onScreen(compile(check.pattern), signal);
        return result(true, `The screen says: ${found}`);
      }
      case "login": {
        const refused = await logIn(console, check, signal);
        return refused === undefined ? result(true, `Logged in as ${check.user}.`) : result(false, refused);
      }
      case "run": {
        if (LOGIN_QUESTION.test(console.text))
          return result(
            false,
            "The console asks for a login, and has no shell yet: give --login USER:PASSWORD first.",
          );
        const { status, output } = await console.run(check.command, { signal });
        return result(status === 0, `It ended with status ${status}.`, {
          status,
          output: output.slice(-MAX_OUTPUT_CHARACTERS),
        });
      }
      default:
        return check satisfies never;
    }
  }

  #onScreen(pattern: RegExp, signal: AbortSignal): Promise<string> {
    const { screen } = this.#record;
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(screen.text);
        if (match) end(() => resolve(match[0]));
      };
      const abort = () => end(() => reject(new Error("The screen does not say it")));
      const end = (settle: () => void) => {
        forget();
        signal.removeEventListener("abort", abort);
        settle();
      };
      const forget = this.#record.onChange(look);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      else look();
    });
  }
}
