import { MILESTONES, type Milestone, type MilestoneName, type MilestoneState } from "../interface.ts";

/** How the machine gets its kernel: handed over by the host, or fetched by its own firmware. */
export type BootKind = "direct" | "pxe";

/** The order in which things happen, which is not the order in which they are shown: a direct boot asks for an address late. */
const ORDER: Record<BootKind, readonly MilestoneName[]> = {
  direct: [
    "power-on",
    "download",
    "firmware",
    "kernel",
    "initrd",
    "dhcp",
    "network",
    "root-attached",
    "root-mounted",
    "switch-root",
    "userspace",
    "login",
  ],
  pxe: [
    "power-on",
    "firmware",
    "dhcp",
    "download",
    "kernel",
    "initrd",
    "network",
    "root-attached",
    "root-mounted",
    "switch-root",
    "userspace",
    "login",
  ],
};

/** What a boot can do without. All else must have happened when something later has. */
const OPTIONAL: ReadonlySet<MilestoneName> = new Set(["dhcp", "network", "root-attached"]);

interface Entry {
  state: MilestoneState;
  atMs?: number;
  detail?: string;
}

/** The list of milestones and its rules: nothing goes back, and what is reached brings along what lies before it. */
export class Progress {
  readonly #order: readonly MilestoneName[];
  readonly #entries: ReadonlyMap<MilestoneName, Entry>;

  constructor(kind: BootKind) {
    this.#order = ORDER[kind];
    this.#entries = new Map(MILESTONES.map(({ name }) => [name, { state: "waiting" }]));
    this.#markRunning();
  }

  /** As it is now, in the order in which it is shown. */
  list(): Milestone[] {
    return MILESTONES.map(({ name }) => ({ name, ...this.#entry(name) }));
  }

  has(name: MilestoneName): boolean {
    const { state } = this.#entry(name);
    return state === "done" || state === "skipped";
  }

  /** Where the boot stands now; nothing when it has arrived. */
  get current(): MilestoneName | undefined {
    return this.#order.find((name) => ["running", "failed"].includes(this.#entry(name).state));
  }

  /** Returns whether that was news. */
  reach(name: MilestoneName, atMs: number, detail?: string): boolean {
    const entry = this.#entry(name);
    // What was inferred gets its detail when the evidence comes in late.
    if (entry.state === "done" && entry.detail === undefined && detail !== undefined) {
      entry.detail = detail;
      return true;
    }
    if (this.has(name)) return false;
    for (const earlier of this.#order.slice(0, this.#order.indexOf(name))) {
      if (!this.has(earlier)) this.#settle(earlier, OPTIONAL.has(earlier) ? "skipped" : "done", atMs);
    }
    this.#settle(name, "done", atMs, detail);
    this.#markRunning();
    return true;
  }

  skip(name: MilestoneName, atMs: number, detail?: string): boolean {
    if (this.has(name)) return false;
    this.#settle(name, "skipped", atMs, detail);
    this.#markRunning();
    return true;
  }

  /** Everything before `name` is skipped, as far as it has not happened. */
  skipTo(name: MilestoneName, atMs: number, detail: string): boolean {
    const skipped = this.#order
      .slice(0, this.#order.indexOf(name))
      .map((one) => this.skip(one, atMs, detail));
    return skipped.includes(true);
  }

  /** Something went wrong where the boot stands. What is reached later all the same counts. */
  fail(atMs: number, detail?: string): boolean {
    const name = this.current;
    if (name === undefined || this.#entry(name).state === "failed") return false;
    this.#settle(name, "failed", atMs, detail);
    return true;
  }

  /** More about a milestone, whatever its state. */
  describe(name: MilestoneName, detail: string): boolean {
    const entry = this.#entry(name);
    if (entry.detail === detail) return false;
    entry.detail = detail;
    return true;
  }

  #markRunning(): void {
    const next = this.#order.find((name) => !this.has(name));
    if (next === undefined) return;
    const entry = this.#entry(next);
    if (entry.state === "waiting") entry.state = "running";
  }

  #settle(name: MilestoneName, state: MilestoneState, atMs: number, detail?: string): void {
    const entry = this.#entry(name);
    entry.state = state;
    entry.atMs = Math.round(atMs);
    if (detail !== undefined) entry.detail = detail;
  }

  #entry(name: MilestoneName): Entry {
    return this.#entries.get(name)!;
  }
}
