import { RemoteExport } from "../../net/nbd/remote-export.ts";
import { parseOffer } from "../../net/near/offer.ts";
import { exportsUrl } from "../near/near.ts";
import { dialSocket } from "../near/socket-stream.ts";
import type { Platform } from "../platform.ts";
import { sha256 } from "../sha256.ts";
import type { ExportIdentity } from "./layered-over.ts";

/** Superblocks lie within this: squashfs's at 0, ext4's at 1024. */
const SUPERBLOCK_BYTES = 4096;
const PATIENCE_MS = 10_000;

/** Asks the relay which export this is. Undefined where the relay does not say, or not in time. */
export async function exportIdentity(
  platform: Platform,
  wireUrl: string,
  name: string,
  signal: AbortSignal,
): Promise<ExportIdentity | undefined> {
  const url = exportsUrl(wireUrl);
  if (url === undefined) return undefined;
  const answer = await platform.fetchFile(url.href, { signal, progress: () => {} });
  const offer = answer.ok ? parseOffer(new TextDecoder().decode(answer.bytes)) : undefined;
  const offered = offer?.exports.find((each) => each.name === name);
  if (offered === undefined || signal.aborted) return undefined;
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const { openSocket, after, random, clock } = platform;
  const remote = new RemoteExport({
    dial: (handler) => dialSocket(openSocket, socketUrl.href, handler),
    after,
    nowMs: () => clock.now(),
    random,
    server: "The relay",
    description: "the relay's export",
    remoteName: name,
    name,
    readOnly: offered.readOnly,
    sizeBytes: offered.sizeBytes,
    sizeAdvice: "power on again to use the new image.",
    openTimeoutMs: PATIENCE_MS,
    requestTimeoutMs: PATIENCE_MS,
  });
  const giveUp = () => void remote.close();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await remote.opened;
    const superblock = await remote.read(0, Math.min(SUPERBLOCK_BYTES, offered.sizeBytes));
    return { name, sizeBytes: offered.sizeBytes, sha256: await sha256(superblock) };
  } catch {
    return undefined;
  } finally {
    signal.removeEventListener("abort", giveUp);
    await remote.close();
  }
}
