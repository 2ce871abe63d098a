import type { WebSocket } from "ws";
import type { ByteStream, ByteStreamHandler } from "../../net/stream/stream.ts";
import { octetsOf } from "../wire/frame-link.ts";

/** From this many bytes on a writer is told to wait … */
const HIGH_WATER_BYTES = 1024 * 1024;
/** … until no more than this are left. */
const LOW_WATER_BYTES = 512 * 1024;

/** A WebSocket as a byte stream: where its binary messages are split means nothing. It has no half-close. */
export function streamOfWebSocket(
  socket: WebSocket,
  createHandler: (stream: ByteStream) => ByteStreamHandler,
): ByteStreamHandler {
  let waiting = false;
  const sent = () => {
    if (!waiting || socket.bufferedAmount > LOW_WATER_BYTES) return;
    waiting = false;
    handler.drained();
  };
  const stream: ByteStream = {
    write(...pieces) {
      const last = pieces.length - 1;
      for (const [index, piece] of pieces.entries()) {
        // One message, in as many fragments: nobody copies them together.
        socket.send(piece, { binary: true, fin: index === last }, sent);
      }
      if (socket.bufferedAmount > HIGH_WATER_BYTES) waiting = true;
      return !waiting;
    },
    end: () => socket.close(1000),
    abort: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  const handler = createHandler(stream);
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) handler.data(octetsOf(data));
  });
  socket.once("close", (code) => handler.closed(code === 1000 ? "finished" : "reset"));
  return handler;
}
