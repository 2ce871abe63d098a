import { type Disk, DiskError } from "../disk/disk.ts";
import type { IdeChannel, IdeInterface } from "./internals.ts";

/** ATA/ATAPI-6 (T13 1410D), section 8. */
const IDENTIFY_DEVICE = 0xec;
const FLUSH_CACHE = 0xe7;
const FLUSH_CACHE_EXT = 0xea;
/** Status: device ready, error. */
const READY_WITH_ERROR = 0x41;
/** Error: uncorrectable data. Linux reports it to whoever wrote or read, and does not try again. */
const UNCORRECTABLE = 0x40;
/** Words 82 and 85 of IDENTIFY DEVICE: a write cache is there, and is on. */
const WRITE_CACHE_WORDS = [82, 85];
const WRITE_CACHE = 1 << 5;

/** What v86 wants of an image; the rest of its interface is for what it keeps in memory itself (src/buffer.js of v86). */
export interface DiskImage {
  readonly byteLength: number;
  onload?: (event: object) => void;
  load(): void;
  get(start: number, length: number, done: (bytes: Uint8Array) => void): void;
  set(start: number, bytes: Uint8Array, done: () => void): void;
  get_and_cache(start: number, length: number, done: (bytes: Uint8Array) => void): void;
  get_from_cache(start: number, length: number): Uint8Array;
  get_buffer(done: (buffer: undefined) => void): void;
  get_state(): readonly unknown[];
  set_state(state: readonly unknown[]): void;
}

export interface HardDiskHandlers {
  /** Something was written to the disk, or flushed. */
  diskChanged(): void;
  /** What the guest is told as an error of its disk. */
  diskFailed(error: DiskError): void;
}

/** A disk as v86's IDE controller has it. What the disk refuses is remembered for the controller (`attach`), since v86 knows no errors of disks. */
export class HardDisk implements DiskImage {
  readonly byteLength: number;
  onload?: (event: object) => void;
  readonly #disk: Disk;
  readonly #handlers: HardDiskHandlers;
  #error: DiskError | undefined;
  /** What is read passes through here: v86 copies it to the guest's memory before it asks for more. */
  #scratch = new Uint8Array(0);

  constructor(disk: Disk, handlers: HardDiskHandlers) {
    this.#disk = disk;
    this.#handlers = handlers;
    this.byteLength = disk.sizeBytes;
  }

  load(): void {
    this.onload?.({});
  }

  get(start: number, length: number, done: (bytes: Uint8Array) => void): void {
    done(this.get_from_cache(start, length));
  }

  get_and_cache(start: number, length: number, done: (bytes: Uint8Array) => void): void {
    done(this.get_from_cache(start, length));
  }

  get_from_cache(start: number, length: number): Uint8Array {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    const bytes = this.#scratch.subarray(0, length);
    this.#try(() => this.#disk.read(start, bytes));
    return bytes;
  }

  set(start: number, bytes: Uint8Array, done: () => void): void {
    this.#try(() => this.#disk.write(start, bytes));
    this.#handlers.diskChanged();
    done();
  }

  get_buffer(done: (buffer: undefined) => void): void {
    done(undefined);
  }

  /** Its content is no part of a machine's state. */
  get_state(): readonly unknown[] {
    return [];
  }

  set_state(): void {}

  /**
   * Makes the channel's first drive tell the guest what becomes of its commands: a command whose data could not be read or written
   * ends with an error; a flush ends when the disk has flushed, where v86 would end it at once; and the drive says that it has a
   * write cache, without which the guest would not send flushes.
   */
  attach(channel: IdeChannel): void {
    const original = channel.master;
    const prototype = Object.getPrototypeOf(original) as IdeInterface;
    // v86 seals its drives: nothing can be put into one, but another can stand in its place.
    const drive: IdeInterface = Object.assign(Object.create(prototype), original);
    const checked = (command: () => void) => {
      this.#error = undefined;
      command();
      if (this.#error === undefined) return;
      // The guest has not run since: it finds the error where v86 has just put success.
      drive.status_reg = READY_WITH_ERROR;
      drive.error_reg = UNCORRECTABLE;
    };
    drive.ata_command = (command) =>
      checked(() => {
        if (command === FLUSH_CACHE || command === FLUSH_CACHE_EXT) this.#flush();
        prototype.ata_command.call(drive, command);
        if (command === IDENTIFY_DEVICE) sayWriteCache(drive.data);
      });
    drive.do_write = () => checked(() => prototype.do_write.call(drive));
    drive.do_ata_read_sectors_dma = () => checked(() => prototype.do_ata_read_sectors_dma.call(drive));
    drive.do_ata_write_sectors_dma = () => checked(() => prototype.do_ata_write_sectors_dma.call(drive));
    channel.master = drive;
    if (channel.current_interface === original) channel.current_interface = drive;
  }

  #flush(): void {
    this.#try(() => this.#disk.flush());
    this.#handlers.diskChanged();
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#error = error;
      this.#handlers.diskFailed(error);
    }
  }
}

function sayWriteCache(identity: Uint8Array): void {
  for (const word of WRITE_CACHE_WORDS) identity[word * 2]! |= WRITE_CACHE;
}
