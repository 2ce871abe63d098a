import type { Disk } from "./disk.ts";

/** Where disks are kept, each under its name. */
export interface DiskShelf {
  /**
   * Opens a disk for one machine; while it has it, nobody else gets it. Rejects with a `DiskError`, or with a `DiskRefusal` where it
   * cannot be had.
   * @param newBytes the size in which it is made, formatted as ext4, where there is none of this name
   */
  open(name: string, newBytes: number): Promise<Disk>;
}

/**
 * A disk that cannot be had. `missing`: there is none of this name. `busy`: somebody else has it. `taken`: there is one of this name. `denied`: none can be
 * kept here. `name`: it cannot be called so.
 */
export class DiskRefusal extends Error {
  readonly code: "missing" | "busy" | "taken" | "denied" | "name";
  readonly advice: string;
  constructor(code: DiskRefusal["code"], message: string, advice: string) {
    super(message);
    this.name = "DiskRefusal";
    this.code = code;
    this.advice = advice;
  }
}
