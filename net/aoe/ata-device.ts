// An ATA device in front of an export, as far as AoE needs one: ATA/ATAPI-6 (T13/1410D) section 8.
import { type Export, ExportError } from "../export/export.ts";
import { SECTOR_BYTES } from "./ata-message.ts";
import { MAX_SECTORS_28, serializeIdentity } from "./identify.ts";
import { MergedReads } from "./merged-reads.ts";

export const ataCommand = {
  readSectors: 0x20,
  readSectorsExt: 0x24,
  writeSectors: 0x30,
  writeSectorsExt: 0x34,
  smart: 0xb0,
  checkPowerMode: 0xe5,
  flushCache: 0xe7,
  flushCacheExt: 0xea,
  identifyDevice: 0xec,
} as const;

export const ataStatus = { ready: 0x40, error: 0x01 } as const;
export const ataError = {
  /** A sector cannot be read. */
  uncorrectable: 0x40,
  /** There is no such sector. */
  idNotFound: 0x10,
  /** The device does not do this, or could not. */
  aborted: 0x04,
} as const;

const ACTIVE = 0xff;
const FIRMWARE = "1";
const MODEL = "netroot AoE target";
const EMPTY = new Uint8Array(0);

/** The registers and the data that a command begins with. */
export interface AtaRequest {
  readonly command: number;
  readonly lba: number;
  readonly sectors: number;
  /** Whether data came along, and the data. */
  readonly write: boolean;
  readonly data: Uint8Array;
}

/** The registers and the data that a command ends with. */
export interface AtaResult {
  readonly status: number;
  readonly error: number;
  /** How many sectors were not done. */
  readonly sectors: number;
  readonly data: Uint8Array;
}

interface Write {
  readonly first: number;
  readonly end: number;
  readonly done: Promise<unknown>;
}

export interface AtaDeviceOptions {
  readonly export: Export;
  /** The most sectors in one command. */
  readonly maxSectors: number;
  readonly serial: string;
}

/**
 * Commands may be executed side by side. Writes to the same sectors are done in the order in which they came, so that one that
 * was sent again never undoes a later one that was sent after the first was answered.
 */
export class AtaDevice {
  readonly sectors: number;
  readonly #export: Export;
  readonly #reads: MergedReads;
  readonly #maxSectors: number;
  readonly #identity: Uint8Array;
  readonly #writes = new Set<Write>();

  constructor(options: AtaDeviceOptions) {
    const { sizeBytes, readOnly } = options.export;
    this.#export = options.export;
    this.#reads = new MergedReads(options.export);
    this.#maxSectors = options.maxSectors;
    // What is left of a sector at the end can be read, with zeros behind; there is nowhere to write zeros to.
    this.sectors = (readOnly ? Math.ceil : Math.floor)(sizeBytes / SECTOR_BYTES);
    this.#identity = serializeIdentity({
      serial: options.serial,
      firmware: FIRMWARE,
      model: MODEL,
      sectors: this.sectors,
    });
  }

  /** Resolves with nothing when the request contradicts itself, or is for more than a frame can carry. Never rejects. */
  execute(request: AtaRequest): Promise<AtaResult | undefined> {
    switch (request.command) {
      case ataCommand.identifyDevice:
        return Promise.resolve(done(this.#identity));
      case ataCommand.readSectors:
        return this.#read(lba28(request.lba), request.sectors);
      case ataCommand.readSectorsExt:
        return this.#read(request.lba, request.sectors);
      case ataCommand.writeSectors:
        return this.#write(lba28(request.lba), request);
      case ataCommand.writeSectorsExt:
        return this.#write(request.lba, request);
      case ataCommand.flushCache:
      case ataCommand.flushCacheExt:
        return this.#flush();
      case ataCommand.checkPowerMode:
        return Promise.resolve({ ...done(EMPTY), sectors: ACTIVE });
      default:
        return Promise.resolve(failed(ataError.aborted, request.sectors));
    }
  }

  async #read(lba: number, sectors: number): Promise<AtaResult | undefined> {
    if (!this.#fits(sectors)) return undefined;
    if (lba + sectors > this.sectors) return failed(ataError.idNotFound, sectors);
    const offset = lba * SECTOR_BYTES;
    const length = sectors * SECTOR_BYTES;
    const stored = Math.min(length, this.#export.sizeBytes - offset);
    try {
      const bytes = await this.#reads.read(offset, stored);
      return done(stored === length ? bytes : padded(bytes, length));
    } catch {
      return failed(ataError.uncorrectable, sectors);
    }
  }

  async #write(lba: number, { sectors, write, data }: AtaRequest): Promise<AtaResult | undefined> {
    const length = sectors * SECTOR_BYTES;
    if (!this.#fits(sectors) || !write || data.length < length) return undefined;
    const end = lba + sectors;
    if (end > this.sectors) return failed(ataError.idNotFound, sectors);
    if (this.#export.readOnly) return failed(ataError.aborted, sectors);
    const earlier = [...this.#writes].filter((other) => other.first < end && lba < other.end);
    const perform = async () => {
      await Promise.allSettled(earlier.map((other) => other.done));
      await this.#export.write?.(lba * SECTOR_BYTES, data.subarray(0, length));
    };
    const one: Write = { first: lba, end, done: perform() };
    this.#writes.add(one);
    try {
      await one.done;
      return done(EMPTY);
    } catch (error) {
      const isBeyond = error instanceof ExportError && error.code === "ENOSPC";
      return failed(isBeyond ? ataError.idNotFound : ataError.aborted, sectors);
    } finally {
      this.#writes.delete(one);
    }
  }

  async #flush(): Promise<AtaResult> {
    try {
      await this.#export.flush?.();
      return done(EMPTY);
    } catch {
      return failed(ataError.aborted, 0);
    }
  }

  /** 0 stands for 256 sectors, or for 65536: more than any frame can carry. */
  #fits(sectors: number): boolean {
    return sectors > 0 && sectors <= this.#maxSectors;
  }
}

function done(data: Uint8Array): AtaResult {
  return { status: ataStatus.ready, error: 0, sectors: 0, data };
}

function failed(error: number, sectors: number): AtaResult {
  return { status: ataStatus.ready | ataStatus.error, error, sectors, data: EMPTY };
}

function lba28(lba: number): number {
  return lba & MAX_SECTORS_28;
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}
