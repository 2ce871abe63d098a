import { isToken, tokenOfFragment } from "../../net/access/token.ts";

/** What the page knows of its relay's token. `malformed`: there was something in its place that is none. */
export type AddressToken =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "malformed" };

/** Reads `#token=…`. A fragment is the one part of an address that browsers send to no server. */
export function tokenInAddress(fragment: string): AddressToken {
  const token = tokenOfFragment(fragment);
  if (token === undefined) return { kind: "none" };
  return isToken(token) ? { kind: "token", token } : { kind: "malformed" };
}

/**
 * Keeps token and page together as the fragment changes: another link that is opened here is obeyed by loading anew, and a link
 * within the page, which would take the token out of the address, leaves it there for the next reload.
 */
export function followAddress(): void {
  const first = location.hash;
  const token = tokenInAddress(first);
  addEventListener("hashchange", () => {
    const now = tokenInAddress(location.hash);
    if (now.kind !== "none") location.reload();
    else if (token.kind !== "none") history.replaceState(history.state, "", first);
  });
}
