import type { After, Clock } from "../net/clock.ts";
import type { FetchOptions, FileResult } from "./boot-files/fetch-file.ts";
import type { CheckpointStore } from "./checkpoint/store.ts";
import type { DiskShelf } from "./disk/shelf.ts";
import type { OpenSocket } from "./wire/socket.ts";

export type { After };

/** Lets everything else have its turn, then calls `callback`. The emulator does this after each millisecond of guest time. */
export interface TurnTaker {
  soon(callback: () => void): void;
  close(): void;
}

/** What the machine needs of the place it runs in: a browser's worker, or Node. */
export interface Platform {
  readonly clock: Clock;
  readonly after: After;
  /** Between 0 and 1. Only spreads out reconnections: nothing secret hangs on it. */
  readonly random: () => number;
  openTurns(): TurnTaker;
  fetchFile(url: string, options: FetchOptions): Promise<FileResult>;
  readonly openSocket: OpenSocket;
  /** The time of day, milliseconds since 1970. */
  readonly timeOfDay: () => number;
  /** Absent where nothing can be kept. */
  readonly checkpoints?: CheckpointStore | undefined;
  /** Absent where none can be kept. */
  readonly disks?: DiskShelf | undefined;
  /** The emulator's own code, the same array each time. */
  loadEmulator(): Promise<Uint8Array<ArrayBuffer>>;
}
