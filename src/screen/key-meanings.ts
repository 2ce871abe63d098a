import type { CapturedKeyboard } from "./captured-keyboard.ts";

const KEY = "netroot-keys";

/** Lets a person choose what keys mean, and remembers it in this browser. */
export function offerKeyMeanings(
  select: HTMLSelectElement,
  keyboard: Pick<CapturedKeyboard, "meaning">,
): void {
  const choose = (value: string | null) => {
    keyboard.meaning = value === "place" ? "place" : "printed";
  };
  choose(remembered());
  select.value = keyboard.meaning;
  select.addEventListener("change", () => {
    choose(select.value);
    remember(select.value);
  });
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(meaning: string): void {
  try {
    localStorage.setItem(KEY, meaning);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
