import type { ByteStream } from "./stream.ts";

/**
 * A stream that calls `wake` after each call: whatever its user does may set a timer of the machine behind it, also where it
 * sends no frame (a write against a closed window starts the probes of that window).
 */
export function wakeOnUse(stream: ByteStream, wake: () => void): ByteStream {
  return {
    ...(stream.lend !== undefined && {
      lend: (done: () => void, ...pieces: readonly Uint8Array[]) => {
        const room = stream.lend?.(done, ...pieces) ?? false;
        wake();
        return room;
      },
    }),
    write: (...pieces) => {
      const room = stream.write(...pieces);
      wake();
      return room;
    },
    end: () => {
      stream.end();
      wake();
    },
    abort: () => {
      stream.abort();
      wake();
    },
    pause: () => {
      stream.pause();
      wake();
    },
    resume: () => {
      stream.resume();
      wake();
    },
  };
}
