import type { IncomingMessage } from "node:http";

/**
 * Whether a WebSocket may be opened from where it comes from. A browser always says where (`Origin`): that must be the server
 * it speaks to, or one that the configuration names. Programs that are no browsers send none.
 */
export function isOriginAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  try {
    return host !== undefined && new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}
