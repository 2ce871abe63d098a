// Notes the tests that passed only when they were tried again: they are told apart from those that simply passed.
import { writeFileSync } from "node:fs";

/** A reporter of vitest. Writes the names of these tests, as JSON, to the file that NETROOT_FLAKY names. */
export default class FlakyReporter {
  /** @type {string[]} */
  #names = [];

  /** @param {{ fullName: string, diagnostic(): { flaky: boolean } | undefined }} test */
  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#names.push(test.fullName);
  }

  onTestRunEnd() {
    const file = process.env.NETROOT_FLAKY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#names));
  }
}
