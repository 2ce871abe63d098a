import type { Disk } from "./disk.ts";

/** Where disks are kept, each under its name. */
export interface DiskShelf {
  /**
   * Opens a disk for one machine; while it has it, nobody else gets it. Rejects with a `DiskError`, or with a `DiskRefusal` where it
   * cannot be had.
   */
  open(name: string): Promise<Disk>;
}

/** A disk that cannot be had. `missing`: there is none of this name. `busy`: another machine has it. `denied`: none can be kept here. */
export class DiskRefusal extends Error {
  readonly code: "missing" | "busy" | "denied";
  readonly advice: string;
  constructor(code: DiskRefusal["code"], message: string, advice: string) {
    super(message);
    this.name = "DiskRefusal";
    this.code = code;
    this.advice = advice;
  }
}
