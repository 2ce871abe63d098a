import type { ByteStream, ByteStreamHandler, StreamService } from "../stream/stream.ts";

/** Where a forward leads: a name or address from the configuration, never from a guest. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a stream to a target. It returns at once: what is written before the stream is open waits. A target that cannot be
 * reached is told by `closed`, and no handler is called before `dial` has returned.
 */
export type Dial = (target: DialTarget, handler: ByteStreamHandler) => ByteStream;

/** A service that passes a guest's connection on to `target`. */
export function forward(dial: Dial, target: DialTarget): StreamService {
  return (guest) => splice(guest, (handler) => dial(target, handler));
}

/**
 * Ties two streams together: what arrives on one is written to the other, a full queue pauses the side that fills it, an end
 * goes through by itself, and when one side breaks the other is reset. Returns the handler of the first.
 */
export function splice(
  first: ByteStream,
  openSecond: (handler: ByteStreamHandler) => ByteStream,
): ByteStreamHandler {
  const second: ByteStream = openSecond(pass(() => second, first));
  return pass(() => first, second);
}

/** The handler of the stream `from()`: passes everything on to `to`. */
function pass(from: () => ByteStream, to: ByteStream): ByteStreamHandler {
  return {
    data(bytes) {
      if (!to.write(bytes)) from().pause();
    },
    end() {
      to.end();
    },
    drained() {
      // There is room in the queue of `from()` again: whoever fills it may go on.
      to.resume();
    },
    closed(reason) {
      if (reason !== "finished") to.abort();
    },
  };
}
