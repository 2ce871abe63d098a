import type { BootRecord } from "../boot/boot-record.ts";

/** Resolves with what `find` finds, now or after whichever change. Rejects with the signal's reason. */
export function until<T>(record: BootRecord, signal: AbortSignal, find: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      forget();
      signal.removeEventListener("abort", abort);
      settle();
    };
    const look = () => {
      const found = find();
      if (found !== undefined) end(() => resolve(found));
    };
    const abort = () => end(() => reject(signal.reason));
    const forget = record.onChange(look);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    else look();
  });
}

/** Resolves when `signal` is aborted; rejects when `over` is, if that comes first. */
export function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", yes);
      over.removeEventListener("abort", no);
      settle();
    };
    const yes = () => end(resolve);
    const no = () => end(() => reject(over.reason));
    signal.addEventListener("abort", yes, { once: true });
    over.addEventListener("abort", no, { once: true });
    if (signal.aborted) yes();
    else if (over.aborted) no();
  });
}
