/** What is kept of a machine that is about to attach its root. */
export interface Checkpoint {
  /** Everything that went in (`checkpointKey`). */
  readonly key: string;
  /** By the host's clock, milliseconds since 1970. */
  readonly savedAtMs: number;
  /** Where in the guest's memory its clock stands (`findGuestClock`). */
  readonly clock: readonly number[];
  /** The frames that the guest sent and nobody has seen, in their order. */
  readonly held: readonly Uint8Array[];
  /** What the serial console had said by then. */
  readonly console: Uint8Array;
  /** The emulator's own format. */
  readonly state: Uint8Array<ArrayBuffer>;
}

/**
 * A file: magic; two u32 little-endian, the lengths of head and body; the SHA-256 over both (32 bytes); the head (JSON); the
 * body: console, held frames and state, gzipped, in the lengths that the head names.
 */
const MAGIC = new TextEncoder().encode("netroot checkpoint 1\n");
const LENGTHS_BYTES = 8;
const DIGEST_BYTES = 32;
const START = MAGIC.length + LENGTHS_BYTES + DIGEST_BYTES;

interface Head {
  readonly key: string;
  readonly savedAtMs: number;
  readonly clock: readonly number[];
  readonly held: readonly number[];
  readonly console: number;
  readonly state: number;
}

export async function serializeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const { key, savedAtMs, clock, held, console, state } = checkpoint;
  const lengths = { held: held.map((frame) => frame.length), console: console.length, state: state.length };
  const head = new TextEncoder().encode(JSON.stringify({ key, savedAtMs, clock, ...lengths } satisfies Head));
  const body = await gzip([console, ...held, state]);
  const file = new Uint8Array(START + head.length + body.length);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(MAGIC.length, head.length, true);
  view.setUint32(MAGIC.length + 4, body.length, true);
  file.set(head, START);
  file.set(body, START + head.length);
  file.set(await sha256(file.subarray(START)), MAGIC.length + LENGTHS_BYTES);
  return file;
}

/** Nothing for a file that is not whole, not ours, or of other content than its name says. */
export async function parseCheckpoint(
  file: Uint8Array<ArrayBuffer>,
  key: string,
): Promise<Checkpoint | undefined> {
  if (file.length < START || MAGIC.some((byte, at) => file[at] !== byte)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headBytes = view.getUint32(MAGIC.length, true);
  const bodyBytes = view.getUint32(MAGIC.length + 4, true);
  if (file.length !== START + headBytes + bodyBytes) return undefined;
  const digest = await sha256(file.subarray(START));
  if (digest.some((byte, at) => file[MAGIC.length + LENGTHS_BYTES + at] !== byte)) return undefined;
  // From here on it is what was written: the digest covers it.
  const head = JSON.parse(new TextDecoder().decode(file.subarray(START, START + headBytes))) as Head;
  if (head.key !== key) return undefined;
  const body = await gunzip(file.subarray(START + headBytes));
  let at = 0;
  const take = (length: number) => {
    at += length;
    return body.slice(at - length, at);
  };
  const console = take(head.console);
  const held = head.held.map(take);
  const state = take(head.state);
  return { key, savedAtMs: head.savedAtMs, clock: head.clock, console, held, state };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function gzip(parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const source = new Blob(parts as Uint8Array<ArrayBuffer>[]).stream();
  return collect(source.pipeThrough(new CompressionStream("gzip")));
}

function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return collect(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
