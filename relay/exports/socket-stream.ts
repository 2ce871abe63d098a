import { connect, type Socket } from "node:net";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../../net/stream/stream.ts";

export type DialTarget = { readonly host: string; readonly port: number } | { readonly path: string };

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

/** Opens a connection. That it failed is told through `closed`; writing before it is there is queued by the socket. */
export function dialTcp(target: DialTarget, handler: ByteStreamHandler): ByteStream {
  return streamOfSocket(connect({ ...target, allowHalfOpen: true }), handler);
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
