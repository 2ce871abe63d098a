import type { Clock } from "../net/clock.ts";
import type { After, TurnTaker } from "./platform.ts";

/** What browsers and Node have in common. */
export const performanceClock: Clock = { now: () => performance.now() };

export const afterTimeout: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/**
 * A message to oneself: the quickest way for a worker to let everything else have its turn. `setTimeout` waits four
 * milliseconds when it is nested, and the emulator yields after each one.
 */
export function messageTurns(): TurnTaker {
  const { port1, port2 } = new MessageChannel();
  let waiting: (() => void)[] = [];
  port1.onmessage = () => {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  };
  return {
    soon(callback) {
      waiting.push(callback);
      if (waiting.length === 1) port2.postMessage(undefined);
    },
    close() {
      waiting = [];
      port1.close();
    },
  };
}
