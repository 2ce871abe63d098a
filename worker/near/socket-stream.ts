import { NBD_SUBPROTOCOL } from "../../net/near/offer.ts";
import type { ByteStream, ByteStreamHandler } from "../../net/stream/stream.ts";
import type { OpenSocket, Socket } from "../wire/socket.ts";

/** Writes are split into messages of this size: the relay takes none over a megabyte. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** From this many bytes on a writer is told to wait. It is asked again with each write: our own client has its own bounds. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;

/** A WebSocket to the relay's `/exports`, as a byte stream. */
export interface SocketStream extends ByteStream {
  /** Sends a text message, if it is open. */
  say(text: string): void;
}

/** Connects. What is written before it is open waits; that it failed is told by `closed`. */
export function dialSocket(openSocket: OpenSocket, url: string, handler: ByteStreamHandler): SocketStream {
  let waiting: Uint8Array[] = [];
  let isOpen = false;
  let isClosed = false;
  const closed = (reason: "reset" | "refused" | "aborted") => {
    if (isClosed) return;
    isClosed = true;
    waiting = [];
    handler.closed(reason);
  };
  const socket: Socket = openSocket(url, [NBD_SUBPROTOCOL], {
    opened() {
      if (socket.protocol !== NBD_SUBPROTOCOL) {
        socket.close();
        closed("refused");
        return;
      }
      isOpen = true;
      for (const bytes of waiting.splice(0)) stream.write(bytes);
    },
    message: (bytes) => {
      if (!isClosed) handler.data(bytes);
    },
    closed: () => closed(isOpen ? "reset" : "refused"),
  });
  const stream: SocketStream = {
    write(...pieces) {
      if (isClosed) return false;
      if (!isOpen) {
        waiting.push(...pieces);
        return true;
      }
      for (const bytes of pieces) {
        for (let at = 0; at < bytes.length; at += MAX_MESSAGE_BYTES) {
          socket.send(bytes.subarray(at, at + MAX_MESSAGE_BYTES) as Uint8Array<ArrayBuffer>);
        }
      }
      return socket.bufferedAmount < HIGH_WATER_BYTES;
    },
    // A WebSocket has no half-close: this is all of it.
    end() {
      socket.close();
      closed("aborted");
    },
    abort() {
      socket.close();
      closed("aborted");
    },
    pause() {},
    resume() {},
    say(text) {
      if (isOpen && !isClosed) socket.sendText(text);
    },
  };
  return stream;
}
