import type { MilestoneName } from "../../../worker/interface.ts";

/** Where a boot broke, and why as far as can be told. */
export interface Diagnosis {
  /** Stable, for scripts: "kernel-panic", "export-unknown", "forbidden-text" … */
  readonly code: string;
  readonly milestone: MilestoneName;
  /** What happened: a sentence. */
  readonly message: string;
  /** The likely cause and what to do, in words. */
  readonly cause: string;
  /** The line of the console that says it best. */
  readonly evidence?: string;
}

/** What a diagnosis is made from. */
export interface Symptoms {
  /** What was watched and said so: the first is what ended the boot. */
  readonly code: string;
  readonly milestone: MilestoneName;
  readonly message: string;
  readonly advice: string;
  /** The console as plain text, the newest at the end. */
  readonly console: string;
  /** The text screen. */
  readonly screen: string;
  /** The kernel's command line, where it is known. */
  readonly append: string;
  readonly framesFromGuest: number;
}
