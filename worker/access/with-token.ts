import { bearerOf, tokenSubprotocol } from "../../net/access/token.ts";
import type { Platform } from "../platform.ts";

/**
 * The same platform, which shows the token to the relay of this wire and to no other server: as a subprotocol beside those that
 * are meant, and in the header of a fetch.
 */
export function withToken(
  platform: Platform,
  { token, wireUrl }: { readonly token?: string | undefined; readonly wireUrl: string },
): Platform {
  if (token === undefined) return platform;
  const isRelay = (url: string) =>
    URL.canParse(url) && URL.canParse(wireUrl) && new URL(url).host === new URL(wireUrl).host;
  return {
    clock: platform.clock,
    after: platform.after,
    random: platform.random,
    openTurns: () => platform.openTurns(),
    timeOfDay: platform.timeOfDay,
    checkpoints: platform.checkpoints,
    loadEmulator: () => platform.loadEmulator(),
    fetchFile: (url, options) =>
      platform.fetchFile(url, isRelay(url) ? { ...options, authorization: bearerOf(token) } : options),
    openSocket: (url, protocols, handlers) =>
      platform.openSocket(url, isRelay(url) ? [...protocols, tokenSubprotocol(token)] : protocols, handlers),
  };
}
