import { connect, type Socket } from "node:net";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../../net/stream/stream.ts";

export type DialTarget = { readonly host: string; readonly port: number } | { readonly path: string };

/** What is read at once for a handler that borrows. Larger gains nothing, and leaves the processor's cache. */
const READ_BYTES = 128 * 1024;

/** A Node socket as a stream of `net/`. The socket must be connected, or connecting; the handler is told of it from now on. */
export function streamOfSocket(socket: Socket, handler: ByteStreamHandler): ByteStream {
  let end: StreamEnd = "finished";
  socket.setNoDelay(true);
  // A plain view, for net/ knows no Buffer: its slice() would not copy.
  socket.on("data", (chunk: Buffer) =>
    handler.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
  );
  socket.on("end", () => handler.end());
  socket.on("drain", () => handler.drained());
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end = endOf(error.code);
  });
  socket.once("close", () => handler.closed(end));
  return {
    write(...pieces) {
      if (!socket.writable) return false;
      // What is written in one turn leaves in one system call.
      socket.cork();
      process.nextTick(() => socket.uncork());
      let room = true;
      for (const bytes of pieces) room = socket.write(bytes);
      return room;
    },
    end: () => void socket.end(),
    abort() {
      end = "aborted";
      socket.destroy();
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/**
 * Opens a connection. That it failed is told through `closed`; writing before it is there is queued by the socket. A handler
 * that borrows is read to through one buffer, again and again.
 */
export function dialTcp(target: DialTarget, handler: ByteStreamHandler): ByteStream {
  const options = { ...target, allowHalfOpen: true };
  if (handler.borrows !== true) return streamOfSocket(connect(options), handler);
  const buffer = new Uint8Array(READ_BYTES);
  const callback = (length: number) => {
    handler.data(buffer.subarray(0, length));
    return true;
  };
  return streamOfSocket(connect({ ...options, onread: { buffer, callback } }), handler);
}

function endOf(code: string | undefined): StreamEnd {
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENOTFOUND":
      return "refused";
    case "ETIMEDOUT":
      return "timed-out";
    default:
      return "reset";
  }
}
