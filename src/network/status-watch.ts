import type { RelayStatus } from "../../net/status/status.ts";

export type RelayState =
  | { readonly kind: "asking" }
  | { readonly kind: "reachable"; readonly status: RelayStatus }
  /** It answers, and wants a token that this page does not have. */
  | { readonly kind: "locked" }
  | { readonly kind: "unreachable" };

/** The relay wants a token, or another one. */
export class LockedError extends Error {}

export interface StatusWatchOptions {
  /** Rejects with a `LockedError`, or, when the relay is away, with any other. */
  readonly ask: (signal: AbortSignal) => Promise<RelayStatus>;
  readonly onChange: (state: RelayState) => void;
  /** Resolves after that long, or when the signal ends it. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Gentle: a room of thirty pages asks the relay six times a second. */
const EVERY_MS = 5_000;
/** While it is away, so that the page notices soon when it is back. */
const EVERY_MS_AWAY = 2_000;
const ANSWER_WITHIN_MS = 4_000;

/** Asks the relay how it is, for as long as the signal lasts. One missed answer is not yet an absence; two are. */
export async function watchStatus({ ask, onChange, sleep, signal }: StatusWatchOptions): Promise<void> {
  let missed = 0;
  let known = false;
  while (!signal.aborted) {
    try {
      const status = await ask(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]));
      missed = 0;
      known = true;
      onChange({ kind: "reachable", status });
    } catch (error) {
      if (signal.aborted) return;
      const locked = error instanceof LockedError;
      missed = locked ? 0 : missed + 1;
      if (locked) onChange({ kind: "locked" });
      else if (!known || missed >= 2) onChange({ kind: "unreachable" });
      known ||= locked;
    }
    await sleep(missed === 0 ? EVERY_MS : EVERY_MS_AWAY, signal);
  }
}

/**
 * `fetch` of `/status`, as `ask`.
 * @param headers with the relay's token, where there is one
 */
export function askOver(url: string, headers: Readonly<Record<string, string>>): StatusWatchOptions["ask"] {
  return async (signal) => {
    const response = await fetch(url, { signal, headers, cache: "no-store" });
    if (response.status === 401) throw new LockedError("The relay asks for its token.");
    if (!response.ok) throw new Error(`The relay answered ${response.status}.`);
    return (await response.json()) as RelayStatus;
  };
}

/** Time passes only while the page is visible: a hidden tab asks nothing. */
export async function sleepWhileVisible(ms: number, signal: AbortSignal): Promise<void> {
  await untilEvent(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  });
  while (document.hidden && !signal.aborted) {
    await untilEvent(signal, (done) => {
      document.addEventListener("visibilitychange", done);
      return () => document.removeEventListener("visibilitychange", done);
    });
  }
}

function untilEvent(signal: AbortSignal, listen: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = listen(done);
    signal.addEventListener("abort", done);
  });
}
