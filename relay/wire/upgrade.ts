import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** After this a client that does not answer our close is cut off. */
const CLOSE_GRACE_MS = 500;

export interface Refusal {
  /** Of HTTP: 403. */
  readonly status: number;
  /** A sentence. */
  readonly message: string;
}

/** A client that was sent away asks again at once: without an answer its socket would stay, and the HTTP server would wait for it. */
export const SHUTTING_DOWN: Refusal = { status: 503, message: "The relay is shutting down." };

/** Answers a request for a WebSocket that will not be one, and hangs up: whoever was refused could keep the connection else. */
export function refuseUpgrade(transport: Duplex, { status, message }: Refusal): void {
  const body = `${message}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    // RFC 9110, section 11.6.1: no 401 without it.
    ...(status === 401 ? ["WWW-Authenticate: Bearer"] : []),
  ];
  transport.once("finish", () => transport.destroy());
  transport.end(`${head.join("\r\n")}\r\n\r\n${body}`);
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
