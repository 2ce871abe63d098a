/** What came of fetching a file. A failure is a value: the machine turns it into words. */
export type FileResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: "unreachable"; readonly detail: string }
  | { readonly ok: false; readonly reason: "refused"; readonly status: number }
  | {
      readonly ok: false;
      readonly reason: "truncated";
      readonly receivedBytes: number;
      readonly totalBytes: number;
    }
  | { readonly ok: false; readonly reason: "aborted" };

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Called with each piece that comes in; `totalBytes` where the server said it. */
  readonly progress: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** What to send as `Authorization`. */
  readonly authorization?: string;
}

/** Fetches by HTTP, with the platform's own `fetch`. */
export async function fetchFile(url: string, options: FetchOptions): Promise<FileResult> {
  const { signal, progress, authorization } = options;
  let receivedBytes = 0;
  let totalBytes: number | undefined;
  try {
    const response = await fetch(url, {
      signal,
      ...(authorization !== undefined && { headers: { Authorization: authorization } }),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return { ok: false, reason: "refused", status: response.status };
    }
    totalBytes = lengthOf(response.headers);
    progress(0, totalBytes);
    const chunks: Uint8Array[] = [];
    if (response.body) {
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
        receivedBytes += value.length;
        progress(receivedBytes, totalBytes);
      }
    }
    if (totalBytes !== undefined && receivedBytes < totalBytes) {
      return { ok: false, reason: "truncated", receivedBytes, totalBytes };
    }
    return { ok: true, bytes: concatenate(chunks) };
  } catch (error) {
    if (signal.aborted) return { ok: false, reason: "aborted" };
    if (totalBytes !== undefined && receivedBytes < totalBytes) {
      return { ok: false, reason: "truncated", receivedBytes, totalBytes };
    }
    return {
      ok: false,
      reason: "unreachable",
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A length is only comparable with what we receive when nothing decompresses on the way. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  if (length === null || headers.get("content-encoding") !== null) return undefined;
  return /^[0-9]+$/.test(length) ? Number(length) : undefined;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
