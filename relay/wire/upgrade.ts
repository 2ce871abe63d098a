import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** After this a client that does not answer our close is cut off. */
const CLOSE_GRACE_MS = 500;

export interface Refusal {
  /** "403 Forbidden" */
  readonly status: string;
  readonly message: string;
}

/** Answers a request for a WebSocket that will not be one. */
export function refuseUpgrade(transport: Duplex, { status, message }: Refusal): void {
  transport.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${message.length + 1}\r\n\r\n${message}\n`,
  );
}

/** Resolves when it is closed. */
export function closeSocket(socket: WebSocket, code: number, reason: string): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
    socket.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(code, reason);
  });
}
