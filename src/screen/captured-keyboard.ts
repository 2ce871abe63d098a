import { WayOut } from "../stage/way-out.ts";
import { breakCode, makeCode } from "./scancodes.ts";

/** What one key event means for the machine. */
export interface KeyEffect {
  readonly scancodes: readonly number[];
  /** Give the keyboard back to the page. */
  readonly release: boolean;
}

const NOTHING: KeyEffect = { scancodes: [], release: false };

/** The keyboard while it belongs to the machine. It knows which keys are down, so that none hangs when it is given back. */
export class CapturedKeyboard {
  readonly #down = new Set<string>();
  readonly #wayOut = new WayOut();

  /** A repeat sends the make code again, as a keyboard does. */
  keyDown(code: string): KeyEffect {
    const scancodes = makeCode(code);
    if (scancodes === undefined) return NOTHING;
    this.#wayOut.keyDown(code);
    this.#down.add(code);
    return { scancodes, release: false };
  }

  keyUp(code: string): KeyEffect {
    const release = this.#wayOut.keyUp(code);
    if (!this.#down.delete(code)) return NOTHING;
    const scancodes = breakCode(code) ?? [];
    return { scancodes: release ? [...scancodes, ...this.letGo()] : scancodes, release };
  }

  /** The break codes of everything that is still down: for when the window loses the keyboard. */
  letGo(): readonly number[] {
    const codes = [...this.#down].flatMap((code) => breakCode(code) ?? []);
    this.#down.clear();
    this.#wayOut.reset();
    return codes;
  }
}

/** Ctrl+Alt+Del, which the browser or its system keeps for itself. */
export const CTRL_ALT_DELETE: readonly number[] = ["ControlLeft", "AltLeft", "Delete"]
  .flatMap((code) => makeCode(code) ?? [])
  .concat(["Delete", "AltLeft", "ControlLeft"].flatMap((code) => breakCode(code) ?? []));
