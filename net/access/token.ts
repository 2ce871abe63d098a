/**
 * A relay's token, as it travels: verbatim, because its characters are those of base64url (RFC 4648, section 5). They stand
 * for themselves in a URL's fragment, in a WebSocket's subprotocol (a token of RFC 9110, section 5.6.2) and in an
 * `Authorization` header (RFC 6750, section 2.1).
 */
export const TOKEN_PATTERN = /^[A-Za-z0-9_-]{16,256}$/;

/** In front of the token among the subprotocols that a client offers. The relay never answers with it. */
const SUBPROTOCOL_PREFIX = "netroot-token.";

export function isToken(text: string): boolean {
  return TOKEN_PATTERN.test(text);
}

/** Offered beside the subprotocol that is meant: a browser can send nothing else with a WebSocket. */
export function tokenSubprotocol(token: string): string {
  return `${SUBPROTOCOL_PREFIX}${token}`;
}

/** `Authorization` of an HTTP request. */
export function bearerOf(token: string): string {
  return `Bearer ${token}`;
}

/** What was offered as token in `Sec-WebSocket-Protocol`, well-formed or not: the first. */
export function tokenOfSubprotocols(header: string | undefined): string | undefined {
  const offered = (header ?? "").split(",").map((each) => each.trim());
  return offered.find((each) => each.startsWith(SUBPROTOCOL_PREFIX))?.slice(SUBPROTOCOL_PREFIX.length);
}

/** What was given as token in `Authorization`, well-formed or not. Other schemes than Bearer give none. */
export function tokenOfAuthorization(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/** What stands as `token=` in the fragment of an address, with its # or without, well-formed or not. */
export function tokenOfFragment(fragment: string): string | undefined {
  const parts = fragment.replace(/^#/, "").split("&");
  return parts.find((part) => part.startsWith("token="))?.slice("token=".length);
}
