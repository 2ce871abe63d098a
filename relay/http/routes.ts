import type { IncomingMessage, ServerResponse } from "node:http";
import { type NearOffer, serializeOffer } from "../../net/near/offer.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import type { Access } from "../access/access.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Refusal } from "../wire/upgrade.ts";
import { decodeUrlPath, openConfined } from "./confine.ts";
import { openFirmware } from "./firmware.ts";
import { sendJson, sendSentence, sendText, setCommonHeaders } from "./reply.ts";
import { sendFile } from "./send-file.ts";

export interface SiteOptions {
  /** The boot tree. */
  readonly tree: string;
  readonly tftpboot: string;
  /** The built page's folder. */
  readonly page: string;
  readonly status: () => RelayStatus;
  readonly offer: () => NearOffer;
  readonly access: Pick<Access, "admitRequest" | "admitHolder" | "isHolder">;
  readonly metrics: Pick<Metrics, "text" | "contentType">;
}

/**
 * What lies below these is for those who may boot here: an initrd may hold keys, the status names what there is. The page's own
 * files are the same for everybody, and have to be there before the page can read the token in its address; `/healthz` is for a
 * watchdog, which holds none, and tells it no more than yes or no.
 */
const FOR_HOLDERS: ReadonlySet<string> = new Set(["tftpboot", "firmware", "status", "exports", "metrics"]);

/**
 * Everything that the relay serves by HTTP: `/` the page, `/tftpboot/…` the boot tree, `/firmware/NAME`, `/status`,
 * `/exports`, `/metrics` and `/healthz`. GET and HEAD only. Settles when the answer is on its way; never rejects for what a client did.
 */
export async function answer(
  options: SiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  setCommonHeaders(response);
  const refusal = options.access.admitRequest(request);
  if (refusal !== undefined) return sendRefusal(response, refusal);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return sendSentence(response, 405, "This server answers GET and HEAD only.");
  }
  const parts = decodeUrlPath((request.url ?? "/").split(/[?#]/, 1)[0] ?? "/");
  if (parts === undefined) return sendSentence(response, 400, "This address names no file: it is malformed.");

  const [top, ...rest] = parts;
  const stranger = FOR_HOLDERS.has(top ?? "") ? options.access.admitHolder(request) : undefined;
  if (stranger !== undefined) return sendRefusal(response, stranger);
  if (top === "tftpboot" && rest.length > 0) {
    const file = await openConfined(options.tftpboot, rest, parts.join("/"));
    if (!file.ok) return sendSentence(response, file.status, file.message);
    return sendFile(request, response, file.handle, { name: rest.at(-1) ?? "" });
  }
  if (top === "firmware" && rest.length > 0) {
    const file = await openFirmware(options.tree, rest);
    if (!file.ok) return sendSentence(response, file.status, file.message);
    return sendFile(request, response, file.handle, { name: rest.at(-1) ?? "" });
  }
  if (parts.length === 1 && top === "status") return sendJson(response, 200, options.status());
  if (parts.length === 1 && top === "exports")
    return sendJson(response, 200, serializeOffer(options.offer()));
  if (parts.length === 1 && top === "metrics")
    return sendText(response, 200, options.metrics.contentType, await options.metrics.text());
  if (parts.length === 1 && top === "healthz")
    return sendHealth(response, options.status(), options.access.isHolder(request));
  if (parts.length === 1 && top === "wire") {
    response.setHeader("Upgrade", "websocket");
    return sendSentence(response, 426, "The wire is a WebSocket: one binary message is one Ethernet frame.");
  }
  return sendPage(options, request, response, parts);
}

async function sendPage(
  options: SiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
  parts: readonly string[],
): Promise<void> {
  // Dot files in the page's folder are the build's own notes.
  const hidden = parts.some((part) => part.startsWith("."));
  const wanted = parts.length === 0 ? ["index.html"] : parts;
  const file = hidden ? undefined : await openConfined(options.page, wanted, `/${parts.join("/")}`);
  if (file?.ok) {
    const immutable = parts[0] === "assets";
    return sendFile(request, response, file.handle, { name: wanted.at(-1) ?? "", immutable });
  }
  if (parts.length === 0) {
    return sendSentence(response, 503, "The page has not been built: run `npm run build`, then reload.");
  }
  return sendSentence(
    response,
    404,
    `There is nothing at /${parts.join("/")}: the page is at /, the boot tree below /tftpboot/.`,
  );
}

function sendRefusal(response: ServerResponse, { status, message }: Refusal): void {
  if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  sendSentence(response, status, message);
}

/** 200 when every export answers reads, and there is one; else 503, with the reasons for those who may know them. */
function sendHealth(response: ServerResponse, status: RelayStatus, withReasons: boolean): void {
  const ok = status.exports.length > 0 && status.exports.every((each) => each.state === "ready");
  const exports = status.exports.map(({ name, state, detail }) => ({ name, state, detail }));
  sendJson(response, ok ? 200 : 503, withReasons ? { ok, exports } : { ok });
}
