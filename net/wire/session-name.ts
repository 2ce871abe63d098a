/**
 * The subprotocol `netroot-session.NAME`, offered beside `netroot-batch.v1` and never picked: NAME is 32 hexadecimal digits
 * that the client drew by lot. A client whose WebSocket was cut offers the same NAME with its next one, and finds its port,
 * its lease and its TCP flows as they were. Whoever knows a NAME is that client, so it is never said again.
 */
const PREFIX = "netroot-session.";
/** 128 bits: nobody guesses one. */
export const SESSION_NAME_BYTES = 16;
const NAME = /^[0-9a-f]{32}$/;

/** What a client offers. Throws a `RangeError` unless there are 16 random octets. */
export function sessionSubprotocol(octets: Uint8Array): string {
  if (octets.length !== SESSION_NAME_BYTES)
    throw new RangeError(`a session's name is made of ${SESSION_NAME_BYTES} octets, not ${octets.length}`);
  return PREFIX + Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** The name among the subprotocols of a request (`Sec-WebSocket-Protocol`); `undefined` where there is no proper one. */
export function sessionNameOf(offered: string | undefined): string | undefined {
  for (const each of (offered ?? "").split(",")) {
    const one = each.trim();
    if (one.startsWith(PREFIX) && NAME.test(one.slice(PREFIX.length))) return one.slice(PREFIX.length);
  }
  return undefined;
}
