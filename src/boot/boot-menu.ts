import type { PxelinuxConfig } from "../../net/pxelinux/config.ts";
import type { ConfigText } from "../../net/pxelinux/parse.ts";
import { treePath, unreachable } from "../../net/pxelinux/path.ts";
import { type ReadText, readPxelinux } from "../../net/pxelinux/read.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import type { Problem } from "../../worker/interface.ts";
import type { RelayUrls } from "../network/relay-urls.ts";
import type { AddressToken } from "../network/token-in-address.ts";
import { tokenProblem } from "../network/token-problem.ts";

export type BootMenu =
  | { readonly kind: "asking" }
  | {
      readonly kind: "loaded";
      readonly config: PxelinuxConfig;
      /** The first one, rather than one that an entry of it leads to. */
      readonly first: boolean;
    }
  | { readonly kind: "unavailable"; readonly problem: Problem };

export interface MenuRequest {
  readonly urls: Pick<RelayUrls, "file">;
  /** With the relay's token, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly token: AddressToken;
  readonly signal: AbortSignal;
  /** The config files to read as if they were one, as a menu program is told them: `~` is the first menu, and the usual. */
  readonly files?: readonly string[];
  /** Which file is the first menu, as the relay says; pxelinux.cfg/default where it does not. */
  readonly menu?: RelayStatus["menu"];
}

/** The file that a boot server has for every machine that has no other. */
const MAIN = { file: "pxelinux.cfg/default", prefix: "" };
const FIRST = ["~"];

type Fetched = { readonly text: string } | { readonly problem: Problem };

/** Asks the boot server for its menu, and for the files that it includes. Never rejects: what goes wrong is the result. */
export async function loadBootMenu(request: MenuRequest): Promise<BootMenu> {
  const { files = FIRST, menu = MAIN } = request;
  const texts: ConfigText[] = [];
  for (const file of files) {
    const place = file === "~" ? { ok: true as const, path: menu.file } : treePath(file, menu.prefix);
    if (!place.ok)
      return unavailable("menu-missing", `${unreachable(file, place.reason)}.`, "Choose another entry.");
    const fetched = await fetchText(request, place.path);
    if ("problem" in fetched) return { kind: "unavailable", problem: fetched.problem };
    texts.push({ name: place.path, text: fetched.text });
  }
  const read: ReadText = async (path) => {
    const fetched = await fetchText(request, path);
    if ("text" in fetched) return fetched;
    const { code, message } = fetched.problem;
    return { why: code === "menu-missing" ? "the boot tree has no such file" : message };
  };
  const config = await readPxelinux(texts, read, menu.prefix);
  return judgeMenu(config, { file: texts.at(-1)?.name ?? menu.file, first: files.join() === FIRST.join() });
}

async function fetchText({ urls, headers, token, signal }: MenuRequest, path: string): Promise<Fetched> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(urls.file(path), { signal, headers, cache: "no-cache" });
    text = await response.text();
  } catch {
    return problem(
      "relay-unreachable",
      "The relay does not answer, so there is no boot menu.",
      "Start it with `npm start`, or check the address. This page asks again by itself.",
    );
  }
  if (response.ok) return { text };
  if (response.status === 401) return { problem: tokenProblem(token) };
  if (response.status !== 404) {
    return problem(
      "menu-refused",
      `The relay answered ${response.status} when it was asked for ${path} of the boot menu.`,
      "Its log says why. Mend it there, then reload this page.",
    );
  }
  return path === MAIN.file
    ? problem(
        "menu-missing",
        "The boot tree has no tftpboot/pxelinux.cfg/default, so there is nothing to boot.",
        "Make a tree with `netroot image build`, or write that file with a LABEL, its KERNEL and its APPEND line.",
      )
    : problem(
        "menu-missing",
        `The boot tree has no tftpboot/${path}.`,
        "Write that file, or take its name out of the menu.",
      );
}

/** A menu is of use when at least one of its entries boots a Linux kernel, or leads to another menu. */
export function judgeMenu(
  config: PxelinuxConfig,
  { file, first }: { readonly file: string; readonly first: boolean } = { file: MAIN.file, first: true },
): BootMenu {
  const isOfUse = config.entries.some(
    ({ kernel, action }) => kernel !== undefined || action.kind === "menu-files",
  );
  if (isOfUse) return { kind: "loaded", config, first };
  const slip = config.reports.find(({ kind }) => kind === "slip");
  return unavailable(
    "menu-empty",
    config.entries.length === 0
      ? `The boot menu tftpboot/${file} has no LABEL.`
      : `No entry of the boot menu tftpboot/${file} boots a Linux kernel.`,
    slip === undefined
      ? "Add an entry: LABEL Overlay-Boot, then KERNEL boot/linux and APPEND initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot."
      : `Look at line ${slip.line} of tftpboot/${slip.file}: ${slip.why}.`,
  );
}

function problem(code: string, message: string, advice: string): Fetched {
  return { problem: { severity: "error", code, message, advice } };
}

function unavailable(code: string, message: string, advice: string): BootMenu {
  return { kind: "unavailable", problem: { severity: "error", code, message, advice } };
}
