import type { Disk } from "./disk.ts";

/** What tells an export from another, and from itself after it was built anew. */
export interface ExportIdentity {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of its first 4096 bytes, where filesystems have their superblock; 64 hexadecimal digits. */
  readonly sha256: string;
}

/*
 * A disk remembers the export that it was laid over in its own first sector, which ext4 leaves to boot loaders. So the disk takes it
 * along, wherever it is copied to, and one sector is written whole or not at all.
 */

const SECTOR_BYTES = 512;
const MAGIC = "netroot-layer-over ";
/** A longer name is kept as far as it fits: its hash tells it from others. */
const MOST_NAME_CHARACTERS = 80;

/** What the disk was laid over; undefined where it says nothing. Throws a `DiskError`. */
export function layeredOver(disk: Disk): ExportIdentity | undefined {
  const sector = new Uint8Array(SECTOR_BYTES);
  disk.read(0, sector);
  const [text = ""] = new TextDecoder().decode(sector).split("\0");
  return text.startsWith(MAGIC) ? parseIdentity(text.slice(MAGIC.length)) : undefined;
}

/** Notes that the disk is laid over this export from now on, and flushes. Throws a `DiskError`. */
export function layOver(disk: Disk, identity: ExportIdentity): void {
  const sector = new Uint8Array(SECTOR_BYTES);
  new TextEncoder().encodeInto(MAGIC + JSON.stringify(shortened(identity)), sector);
  disk.write(0, sector);
  disk.flush();
}

export function sameExport(a: ExportIdentity, b: ExportIdentity): boolean {
  const [one, other] = [shortened(a), shortened(b)];
  return one.name === other.name && one.sizeBytes === other.sizeBytes && one.sha256 === other.sha256;
}

function shortened({ name, sizeBytes, sha256 }: ExportIdentity): ExportIdentity {
  return { name: name.slice(0, MOST_NAME_CHARACTERS), sizeBytes, sha256 };
}

function parseIdentity(text: string): ExportIdentity | undefined {
  try {
    const { name, sizeBytes, sha256 } = JSON.parse(text) as Partial<Record<keyof ExportIdentity, unknown>>;
    if (typeof name !== "string" || typeof sha256 !== "string" || typeof sizeBytes !== "number")
      return undefined;
    return { name, sizeBytes, sha256 };
  } catch {
    return undefined;
  }
}
