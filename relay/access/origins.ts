/**
 * Whether a page of this origin may open a WebSocket: one that the relay itself served, which is at the `Host` that it was asked
 * by, or one that is declared. Compared character by character with what browsers send (RFC 6454, section 6.2); so `null`, which
 * stands for files and sandboxed frames, is nobody's. The host must have been checked before: a page chooses it by its own name.
 */
export function isOriginAllowed(origin: string, host: string, declared: readonly string[]): boolean {
  return origin === `http://${host.toLowerCase()}` || declared.includes(origin);
}

/** The origin as browsers write it, where `text` is an address of a page; `undefined` where it is none. */
export function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin } = new URL(text);
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
}
