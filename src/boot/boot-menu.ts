import type { PxelinuxConfig } from "../../net/pxelinux/config.ts";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import type { Problem } from "../../worker/interface.ts";
import type { AddressToken } from "../network/token-in-address.ts";
import { tokenProblem } from "../network/token-problem.ts";

export type BootMenu =
  | { readonly kind: "asking" }
  | { readonly kind: "loaded"; readonly config: PxelinuxConfig }
  | { readonly kind: "unavailable"; readonly problem: Problem };

export interface MenuRequest {
  readonly url: string;
  /** With the relay's token, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly token: AddressToken;
  readonly signal: AbortSignal;
}

/** Asks the boot server for its menu. Never rejects: what goes wrong is the result. */
export async function loadBootMenu({ url, headers, token, signal }: MenuRequest): Promise<BootMenu> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal, headers, cache: "no-cache" });
    text = await response.text();
  } catch {
    return unavailable(
      "relay-unreachable",
      "The relay does not answer, so there is no boot menu.",
      "Start it with `npm start`, or check the address. This page asks again by itself.",
    );
  }
  if (response.status === 401) return { kind: "unavailable", problem: tokenProblem(token) };
  if (response.status === 404) {
    return unavailable(
      "menu-missing",
      "The boot tree has no tftpboot/pxelinux.cfg/default, so there is nothing to boot.",
      "Make a tree with `netroot image build`, or write that file with a LABEL, its KERNEL and its APPEND line.",
    );
  }
  if (!response.ok) {
    return unavailable(
      "menu-refused",
      `The relay answered ${response.status} when it was asked for the boot menu.`,
      "Its log says why. Mend it there, then reload this page.",
    );
  }
  return readBootMenu(text);
}

/** A menu is of use when at least one of its entries boots a Linux kernel. */
export function readBootMenu(text: string): BootMenu {
  const config = parsePxelinux(text);
  if (config.entries.some((entry) => entry.kernel !== undefined)) return { kind: "loaded", config };
  return unavailable(
    "menu-empty",
    config.entries.length === 0
      ? "The boot menu tftpboot/pxelinux.cfg/default has no LABEL."
      : "No entry of the boot menu tftpboot/pxelinux.cfg/default boots a Linux kernel.",
    "Add an entry: LABEL Overlay-Boot, then KERNEL boot/linux and APPEND initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot.",
  );
}

function unavailable(code: string, message: string, advice: string): BootMenu {
  return { kind: "unavailable", problem: { severity: "error", code, message, advice } };
}
