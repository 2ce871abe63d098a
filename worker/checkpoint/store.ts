/** Where checkpoints are kept: files by their key. Losing one costs a cold boot and nothing else. */
export interface CheckpointStore {
  /** Nothing where there is none, or where it cannot be read. */
  load(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Rejects where it cannot be kept: no room, most likely. What is there under other keys makes room for it. */
  save(key: string, file: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(key: string): Promise<void>;
}

/** A store keeps this many; the ones that were used longest ago go. */
export const MOST_CHECKPOINTS = 3;
