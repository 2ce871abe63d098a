import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { tokenOfAuthorization, tokenOfSubprotocols } from "../../net/access/token.ts";

const TOKEN_BYTES = 16;

/** 128 random bits. */
export function makeToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** What a request gives as its token: in `Authorization`, or, with a WebSocket, as a subprotocol. In the query it is ignored: addresses are logged. */
export function tokenOf({ headers }: IncomingMessage): string | undefined {
  return (
    tokenOfAuthorization(headers.authorization) ?? tokenOfSubprotocols(headers["sec-websocket-protocol"])
  );
}

/** Takes the same time wherever the two differ, in their length as well. */
export function isSameToken(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
