import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

/** Beyond this the one that was asked for longest ago is forgotten, and read again when someone asks. */
const REMEMBERED = 256;
const digests = new Map<string, Promise<string>>();

/**
 * The SHA-256 of an open file in base64, as `Repr-Digest` has it (RFC 9530 section 3). A file is read once for each of its versions,
 * however many ask at the same time.
 * @param version names the file and this content of it, such as its entity tag
 */
export async function fileDigest(handle: FileHandle, version: string): Promise<string> {
  const digest = digests.get(version) ?? readDigest(handle);
  digests.delete(version);
  digests.set(version, digest);
  if (digests.size > REMEMBERED) digests.delete(digests.keys().next().value!);
  digest.catch(() => digests.delete(version));
  return digest;
}

/** Whether a request asks for it: `Want-Repr-Digest: sha-256=1` (RFC 9530 section 4). */
export function wantsDigest(header: string | string[] | undefined): boolean {
  const wanted = /(?:^|,)\s*sha-256\s*=\s*(\d+)\s*(?:,|$)/.exec([header ?? ""].flat().join(","));
  return wanted !== null && Number(wanted[1]) > 0;
}

async function readDigest(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of handle.createReadStream({ start: 0, autoClose: false }))
    hash.update(piece as Buffer);
  return hash.digest("base64");
}
