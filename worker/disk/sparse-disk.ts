import { type Disk, DiskError, diskError, type Medium } from "./disk.ts";

/*
 * The file of a sparse disk:
 *
 *   0      header, 512 bytes: the magic (16 bytes), then little-endian u32 cluster size, u32 number of clusters
 *   4096   table: a little-endian u32 a cluster of the disk, in their order: 0 where nothing was written, else 1 + its place
 *   …      the clusters' contents, from the next multiple of the cluster size, in the order in which they were first written
 *
 * A flush makes the contents durable first and then the entries of the table that lead to them: at each moment the table leads to
 * nothing but contents that are there. The unit that is written whole or not at all is a sector of 512 bytes. What lies behind
 * the last place of the table is left over from writes that nobody flushed, and is cut off when the disk is opened.
 */

const MAGIC = new TextEncoder().encode("netroot-disk-v1\n");
const HEADER_BYTES = 512;
const SECTOR_BYTES = 512;
const TABLE_AT = 4096;
export const CLUSTER_BYTES = 64 * 1024;
/** 64 GiB. */
const MOST_CLUSTERS = 1024 * 1024;

/** A disk that takes no more of its file than was written to it. */
export class SparseDisk implements Disk {
  readonly sizeBytes: number;
  readonly #medium: Medium;
  readonly #table: Uint32Array;
  readonly #dataAt: number;
  /** Sectors of the table that differ from the file. */
  readonly #dirty = new Set<number>();
  /** Places that are taken. */
  #places: number;
  #unsynced = false;

  private constructor(medium: Medium, table: Uint32Array, places: number) {
    this.#medium = medium;
    this.#table = table;
    this.#places = places;
    this.sizeBytes = table.length * CLUSTER_BYTES;
    this.#dataAt = dataAt(table.length);
  }

  /**
   * Makes an empty disk of it; what was there is gone. It becomes a disk with the first flush, and is nothing before.
   * @param sizeBytes a multiple of `CLUSTER_BYTES`
   */
  static create(medium: Medium, sizeBytes: number): SparseDisk {
    const clusters = sizeBytes / CLUSTER_BYTES;
    if (!Number.isInteger(clusters) || clusters < 1 || clusters > MOST_CLUSTERS)
      throw new RangeError(`a disk of ${sizeBytes} bytes`);
    try {
      medium.truncate(0);
      medium.truncate(dataAt(clusters));
      medium.flush();
      const header = new Uint8Array(HEADER_BYTES);
      header.set(MAGIC);
      const view = new DataView(header.buffer);
      view.setUint32(16, CLUSTER_BYTES, true);
      view.setUint32(20, clusters, true);
      medium.write(0, header);
    } catch (cause) {
      throw diskError("written", cause);
    }
    const disk = new SparseDisk(medium, new Uint32Array(clusters), 0);
    disk.#unsynced = true;
    return disk;
  }

  /** Throws a `DiskError` where the file is none. */
  static open(medium: Medium): SparseDisk {
    try {
      const fileBytes = medium.size();
      const clusters = readHeader(medium, fileBytes);
      const bytes = new Uint8Array(clusters * 4);
      medium.read(TABLE_AT, bytes);
      const view = new DataView(bytes.buffer);
      const table = Uint32Array.from({ length: clusters }, (_, index) => view.getUint32(index * 4, true));
      const places = takenPlaces(table, fileBytes);
      // Zeros, where the next cluster comes: what is there now was never flushed.
      const end = dataAt(clusters) + places * CLUSTER_BYTES;
      if (fileBytes > end) medium.truncate(end);
      return new SparseDisk(medium, table, places);
    } catch (cause) {
      throw diskError("read", cause);
    }
  }

  get unsynced(): boolean {
    return this.#unsynced;
  }

  usedBytes(): number {
    return this.#places * CLUSTER_BYTES;
  }

  /** Whether anything was ever written between these two: for copies that leave the rest out. */
  isEmpty(at: number, length: number): boolean {
    const last = Math.min(Math.ceil((at + length) / CLUSTER_BYTES), this.#table.length);
    for (let cluster = Math.floor(at / CLUSTER_BYTES); cluster < last; cluster += 1)
      if (this.#table[cluster] !== 0) return false;
    return true;
  }

  read(at: number, into: Uint8Array): void {
    this.#check(at, into.length);
    try {
      for (let done = 0; done < into.length; ) {
        const { from, length } = this.#run(at + done, into.length - done);
        const part = into.subarray(done, done + length);
        if (from === undefined) part.fill(0);
        else this.#medium.read(from, part);
        done += length;
      }
    } catch (cause) {
      throw diskError("read", cause);
    }
  }

  write(at: number, bytes: Uint8Array): void {
    this.#check(at, bytes.length);
    this.#unsynced = true;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { from, length } = this.#run(at + done, bytes.length - done);
        const part = bytes.subarray(done, done + length);
        if (from === undefined) this.#writeFirst(at + done, part);
        else this.#medium.write(from, part);
        done += length;
      }
    } catch (cause) {
      throw diskError("written", cause);
    }
  }

  flush(): void {
    if (!this.#unsynced) return;
    try {
      this.#medium.flush();
      if (this.#dirty.size > 0) {
        for (const sector of this.#dirty)
          this.#medium.write(TABLE_AT + sector * SECTOR_BYTES, this.#sector(sector));
        this.#medium.flush();
        this.#dirty.clear();
      }
      this.#unsynced = false;
    } catch (cause) {
      throw diskError("flushed", cause);
    }
  }

  close(): void {
    try {
      this.flush();
    } catch {
      // What was not flushed is lost, as it would be with the power.
    }
    this.#medium.close();
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.sizeBytes)
      throw new RangeError(`${at}+${length} is outside of the disk`);
  }

  /** The longest piece from `at` on, up to `most` bytes, that lies in one piece of the file, or, within a cluster, nowhere. */
  #run(at: number, most: number): { readonly from: number | undefined; readonly length: number } {
    const first = Math.floor(at / CLUSTER_BYTES);
    const within = at % CLUSTER_BYTES;
    const place = this.#table[first]!;
    let length = CLUSTER_BYTES - within;
    if (place !== 0)
      for (let next = 1; length < most && this.#table[first + next] === place + next; next += 1)
        length += CLUSTER_BYTES;
    const from = place === 0 ? undefined : this.#dataAt + (place - 1) * CLUSTER_BYTES + within;
    return { from, length: Math.min(length, most) };
  }

  /** Into a cluster that nothing was written to yet. Zeros are there already. */
  #writeFirst(at: number, part: Uint8Array): void {
    if (isZero(part)) return;
    const cluster = Math.floor(at / CLUSTER_BYTES);
    const start = this.#dataAt + this.#places * CLUSTER_BYTES;
    try {
      this.#medium.write(start + (at % CLUSTER_BYTES), part);
    } catch (cause) {
      this.#giveUp(start);
      throw cause;
    }
    this.#places += 1;
    this.#table[cluster] = this.#places;
    this.#dirty.add(Math.floor((cluster * 4) / SECTOR_BYTES));
  }

  /** Half a write may be there, and the next cluster to come here counts on zeros. */
  #giveUp(start: number): void {
    try {
      if (this.#medium.size() > start) this.#medium.truncate(start);
    } catch {
      this.#places += 1;
    }
  }

  #sector(sector: number): Uint8Array {
    const bytes = new Uint8Array(SECTOR_BYTES);
    const view = new DataView(bytes.buffer);
    const first = (sector * SECTOR_BYTES) / 4;
    for (let index = 0; index < SECTOR_BYTES / 4; index += 1)
      view.setUint32(index * 4, this.#table[first + index] ?? 0, true);
    return bytes;
  }
}

/** A loop: of a whole disk `every` would take half a minute. */
function isZero(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

function dataAt(clusters: number): number {
  return Math.ceil((TABLE_AT + clusters * 4) / CLUSTER_BYTES) * CLUSTER_BYTES;
}

/** The number of clusters. Throws a `DiskError`. */
function readHeader(medium: Medium, fileBytes: number): number {
  const header = new Uint8Array(HEADER_BYTES);
  medium.read(0, header);
  const view = new DataView(header.buffer);
  const clusters = view.getUint32(20, true);
  if (MAGIC.some((byte, index) => header[index] !== byte)) throw damaged("it has no header");
  if (view.getUint32(16, true) !== CLUSTER_BYTES || clusters < 1 || clusters > MOST_CLUSTERS)
    throw damaged("its header is of another make");
  if (fileBytes < dataAt(clusters)) throw damaged("its table is cut off");
  return clusters;
}

/** How many places the table uses. Throws a `DiskError` where it uses one twice, or one that is not there. */
function takenPlaces(table: Uint32Array, fileBytes: number): number {
  const there = Math.ceil((fileBytes - dataAt(table.length)) / CLUSTER_BYTES);
  const taken = new Uint8Array(there + 1);
  let places = 0;
  for (const place of table) {
    if (place === 0) continue;
    if (place > there || taken[place] === 1) throw damaged("its table leads nowhere");
    taken[place] = 1;
    places = Math.max(places, place);
  }
  return places;
}

function damaged(why: string): DiskError {
  return new DiskError("damaged", `The file is no disk of netroot: ${why}.`);
}
