/** What debian.mjs exports: it is plain JavaScript, because it runs before the npm packages are there. */
export interface PackageSet {
  readonly why: string;
  readonly packages: readonly string[];
}

export type SetName = "serve" | "image" | "test";

export const sets: Readonly<Record<SetName, PackageSet>>;

/** What the functions do to the machine; the tests hand in another one. */
export interface Machine {
  isRoot(): boolean;
  has(command: string): boolean;
  /** Of these packages, those that are installed. */
  installed(packages: readonly string[]): string[];
  listsAreFresh(): boolean;
  hasLists(): boolean;
  /** The exit code of a command. */
  run(command: string[]): number;
  say(line: string): void;
}

export function missing(set: string, on?: Pick<Machine, "installed">): string[];
export function ensure(wanted: readonly string[], on?: Machine): void;
export function parseInstalled(dpkgQueryOutput: string): string[];
export function listsAgeMs(folder: string, nowMs: number): number;
