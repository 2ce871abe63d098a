import type { Platform } from "../platform.ts";
import { sha256 } from "../sha256.ts";
import type { KeptFiles } from "./kept-files.ts";

type FetchFile = Platform["fetchFile"];

/**
 * Fetches a file only where its content is not kept yet: asks the server for the SHA-256 of what it has (`Want-Repr-Digest`,
 * RFC 9530), and takes what is kept if that has the very digest. A server that does not say is asked for the file.
 * @param kept absent where nothing can be kept
 */
export function fetchOnce(fetchFile: FetchFile, kept: KeptFiles | undefined): FetchFile {
  if (kept === undefined) return fetchFile;
  return async (url, options) => {
    const digest = await askDigest(url, options);
    const bytes = digest === undefined ? undefined : await kept.get(digest);
    if (bytes !== undefined && (await sha256(bytes)) === digest) {
      options.progress(bytes.length, bytes.length);
      return { ok: true, bytes };
    }
    const result = await fetchFile(url, options);
    if (result.ok && digest !== undefined && (await sha256(result.bytes)) === digest)
      await kept.put(digest, result.bytes);
    return result;
  };
}

/** In hexadecimal digits; `undefined` where the server does not say, for whatever reason: fetching the file tells that. */
async function askDigest(
  url: string,
  { signal, authorization }: Parameters<FetchFile>[1],
): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: "HEAD",
      signal,
      headers: {
        "Want-Repr-Digest": "sha-256=1",
        ...(authorization !== undefined && { Authorization: authorization }),
      },
    });
    const said = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(response.headers.get("repr-digest") ?? "");
    if (!response.ok || said === null) return undefined;
    return Array.from(atob(said[1]!), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}
