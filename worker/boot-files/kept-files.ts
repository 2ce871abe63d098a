/** Files by their content, kept from one boot to the next. What cannot be kept or read is as good as not there. */
export interface KeptFiles {
  /** @param sha256 hexadecimal digits */
  get(sha256: string): Promise<Uint8Array | undefined>;
  put(sha256: string, bytes: Uint8Array): Promise<void>;
}

const CACHE = "netroot-boot-files";
/** The one that was kept first goes when there are more: a dozen boots of different systems. */
const MOST_FILES = 64;

/** The browser's Cache Storage; `undefined` where a page has none: by plain HTTP from another machine, or with storage denied. */
export function keptFiles(): KeptFiles | undefined {
  if (typeof caches === "undefined") return undefined;
  const open = () => caches.open(CACHE);
  return {
    async get(sha256) {
      try {
        const kept = await (await open()).match(address(sha256));
        return kept === undefined ? undefined : new Uint8Array(await kept.arrayBuffer());
      } catch {
        return undefined;
      }
    },
    async put(sha256, bytes) {
      try {
        const cache = await open();
        await cache.put(address(sha256), new Response(bytes as Uint8Array<ArrayBuffer>));
        const kept = await cache.keys();
        for (const oldest of kept.slice(0, Math.max(0, kept.length - MOST_FILES))) await cache.delete(oldest);
      } catch {
        // No room, or not allowed: the file is fetched again the next time.
      }
    },
  };
}

/** Nothing is ever fetched there: a cache keeps what it keeps by address. */
function address(sha256: string): string {
  return `/kept/sha-256/${sha256}`;
}
