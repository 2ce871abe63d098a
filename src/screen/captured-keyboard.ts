import { WayOut } from "../stage/way-out.ts";
import { breakCode, makeCode } from "./scancodes.ts";
import { usKey } from "./us-layout.ts";

/** A key of the person's keyboard, as `KeyboardEvent` has it. */
export interface PressedKey {
  /** Its place. */
  readonly code: string;
  /** What it says: a character, or a name of several letters. */
  readonly key: string;
  /** Whether AltGr is held: some systems report it as Ctrl and Alt. */
  readonly altGraph: boolean;
}

/**
 * What a key is for the machine. `printed`: the character on it, as a US keyboard would type it, which is what boot loaders and most
 * systems that were just installed expect. `place`: the key at that place, for a system that was told of the person's layout.
 */
export type KeyMeaning = "printed" | "place";

/** What one key event means for the machine. */
export interface KeyEffect {
  readonly scancodes: readonly number[];
  /** Give the keyboard back to the page. */
  readonly release: boolean;
}

const NOTHING: KeyEffect = { scancodes: [], release: false };
const SHIFTS = ["ShiftLeft", "ShiftRight"];
const ALT_GRAPH = ["ControlLeft", "AltLeft", "AltRight"];
/** A character has them in it already. */
const IN_CHARACTERS = ["AltGraph", "CapsLock"];

/** The keyboard while it belongs to the machine. It knows which keys are down, so that none hangs when it is given back. */
export class CapturedKeyboard {
  meaning: KeyMeaning = "printed";
  /** By the place of the person's key: the machine's key that is down for it. */
  readonly #down = new Map<string, string>();
  readonly #wayOut = new WayOut();

  /** A repeat sends the make code again, as a keyboard does. */
  keyDown(pressed: PressedKey): KeyEffect {
    const { code, key } = pressed;
    const printed = this.meaning === "printed" && !code.startsWith("Numpad");
    if (printed && IN_CHARACTERS.includes(key)) return NOTHING;
    if (printed && [...key].length === 1) return this.#character(pressed);
    const scancodes = makeCode(code);
    if (scancodes === undefined) return NOTHING;
    this.#wayOut.keyDown(code);
    this.#down.set(code, code);
    return { scancodes, release: false };
  }

  keyUp(code: string): KeyEffect {
    const release = this.#wayOut.keyUp(code);
    const sent = this.#down.get(code);
    if (sent === undefined) return NOTHING;
    this.#down.delete(code);
    const scancodes = breakOf(sent);
    return { scancodes: release ? [...scancodes, ...this.letGo()] : scancodes, release };
  }

  /** The break codes of everything that is still down: for when the window loses the keyboard. */
  letGo(): readonly number[] {
    const codes = [...this.#down.values()].flatMap(breakOf);
    this.#down.clear();
    this.#wayOut.reset();
    return codes;
  }

  /** Presses the US key of the character. What is held to get it on the person's keyboard, and not on that one, is let go around it. */
  #character({ code, key, altGraph }: PressedKey): KeyEffect {
    this.#wayOut.keyDown(code);
    const us = usKey(key);
    if (us === undefined) return NOTHING;
    this.#down.set(code, us.code);
    const held = (codes: readonly string[]) => codes.filter((each) => this.#down.has(each));
    const shifts = held(SHIFTS);
    const before = altGraph ? held(ALT_GRAPH) : [];
    if (!us.shift) before.push(...shifts);
    const shift = us.shift && shifts.length === 0 ? ["ShiftLeft"] : [];
    const scancodes = [
      ...before.flatMap(breakOf),
      ...shift.flatMap(makeOf),
      ...makeOf(us.code),
      ...shift.flatMap(breakOf),
      ...before.flatMap(makeOf),
    ];
    return { scancodes, release: false };
  }
}

function makeOf(code: string): readonly number[] {
  return makeCode(code) ?? [];
}

function breakOf(code: string): readonly number[] {
  return breakCode(code) ?? [];
}

/** Ctrl+Alt+Del, which the browser or its system keeps for itself. */
export const CTRL_ALT_DELETE: readonly number[] = [
  ...["ControlLeft", "AltLeft", "Delete"].flatMap(makeOf),
  ...["Delete", "AltLeft", "ControlLeft"].flatMap(breakOf),
];
