import type { BootFiles } from "../boot-files/boot-files.ts";
import type { MachineSettings } from "../interface.ts";
import { type Checkpoint, parseCheckpoint, serializeCheckpoint } from "./format.ts";
import { checkpointKey } from "./key.ts";
import type { CheckpointStore } from "./store.ts";

/** The checkpoint of one machine: everything that went in is its key, so what is found is what this boot would have come to. */
export class Checkpoints {
  readonly #store: CheckpointStore;
  readonly #key: string;
  #taken: Omit<Checkpoint, "key"> | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor(store: CheckpointStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** Nothing where none are wanted, or none can be kept. */
  static async open(
    store: CheckpointStore | undefined,
    settings: MachineSettings,
    files: BootFiles,
    emulator: Uint8Array<ArrayBuffer>,
  ): Promise<Checkpoints | undefined> {
    if (store === undefined || (settings.checkpoint ?? "off") === "off") return undefined;
    // Browsers have it in secure contexts only.
    if (globalThis.crypto?.subtle === undefined) return undefined;
    return new Checkpoints(store, await checkpointKey(settings, files, emulator));
  }

  /** A file that is damaged is removed: the next boot is a cold one, and leaves another. */
  async load(): Promise<Checkpoint | undefined> {
    const file = await this.#store.load(this.#key);
    if (file === undefined) return undefined;
    const checkpoint = await parseCheckpoint(file, this.#key).catch(() => undefined);
    if (checkpoint === undefined) await this.forget();
    return checkpoint;
  }

  async forget(): Promise<void> {
    await this.#store.remove(this.#key);
  }

  /** Keeps it in memory: writing it down has time until the boot is over. */
  take(checkpoint: Omit<Checkpoint, "key">): void {
    this.#taken = checkpoint;
  }

  /** Writes down what was taken. Never rejects: without a checkpoint the next boot is a cold one. */
  save(): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken !== undefined) this.#saving = this.#write({ key: this.#key, ...taken }).catch(() => {});
    return this.#saving;
  }

  /** Resolves when nothing is being written any more. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    await this.#store.save(this.#key, await serializeCheckpoint(checkpoint));
  }
}
