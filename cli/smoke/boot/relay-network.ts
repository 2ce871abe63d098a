import { bearerOf, tokenOfFragment } from "../../../net/access/token.ts";
import { joinWords } from "../../../net/pxelinux/append.ts";
import type { RelayStatus } from "../../../net/status/status.ts";
import { SmokeError } from "../errors.ts";
import { menuEntry } from "../image/menu-entry.ts";
import { withRoot } from "../image/root-parameter.ts";
import type { CasePlan } from "../plan.ts";
import type { BootNetwork } from "./network.ts";

/** How long a relay may take to answer. */
const PATIENCE_MS = 10_000;

/** The network of a relay that runs already. It is left running. */
export async function relayNetwork(plan: CasePlan, link: string): Promise<BootNetwork> {
  const status = () => askStatus(link);
  const { menu, network, exports } = await status();
  if (menu === undefined)
    throw new SmokeError(
      "usage",
      `The relay at ${withoutToken(link)} has no boot menu, so there is no entry to boot.`,
    );
  const given = menuEntry(await (await get(link, `tftpboot/${menu.file}`)).text(), plan.label);
  const line = joinWords(given.append, plan.append ?? "");
  const append =
    plan.root === undefined ? line : withRoot(line, plan.root, { server: network.server, exports });
  if (plan.boot === "pxe" && (append !== given.append || plan.label !== undefined))
    throw new SmokeError(
      "usage",
      "A boot by firmware takes what the relay's own menu says: leave --label, --append and --root out, or --relay.",
    );
  return { link, entry: { ...given, append }, status, close: async () => {} };
}

async function askStatus(link: string): Promise<RelayStatus> {
  const text = await (await get(link, "status")).text();
  try {
    const status = JSON.parse(text) as Partial<RelayStatus> | null;
    if (Array.isArray(status?.exports) && typeof status.network?.server === "string")
      return status as RelayStatus;
  } catch {
    // Said below.
  }
  throw new SmokeError("infrastructure", `What answers at ${withoutToken(link)} is no netroot relay.`);
}

function withoutToken(link: string): string {
  return link.replace(/#.*$/, "");
}

async function get(link: string, path: string): Promise<Response> {
  const token = tokenOfFragment(new URL(link).hash);
  const shown = withoutToken(link);
  const headers = token === undefined ? {} : { authorization: bearerOf(token) };
  let answer: Response;
  try {
    answer = await fetch(new URL(path, link), { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    throw new SmokeError("infrastructure", `No relay answers at ${shown}: start it with \`netroot serve\`.`, {
      cause,
    });
  }
  if (answer.ok) return answer;
  const why =
    answer.status === 401
      ? "demands its token: give --relay the whole link that `netroot serve` printed"
      : `answered ${answer.status} when asked for ${path}`;
  throw new SmokeError("infrastructure", `The relay at ${shown} ${why}.`);
}
