import type { MilestoneName } from "../../worker/interface.ts";

/** Where the image is. Paths are absolute. */
export type ImageSource =
  | { readonly kind: "tree"; readonly tree: string }
  /** What kiwi-ng leaves for a KIS image. */
  | { readonly kind: "kis"; readonly folder: string }
  | {
      readonly kind: "files";
      readonly kernel: string;
      readonly initrds: readonly string[];
      readonly image?: string;
    };

export type EngineName = "v86" | "qemu";
export type NicModel = "virtio" | "ne2k";
export type RootKind = "nbd" | "aoe";
export type BootWay = "direct" | "pxe";

/** A regular expression that was found to be one. It crosses to other processes as text. */
export interface Pattern {
  readonly source: string;
  readonly flags: string;
}

/** One thing that must hold, in the order in which they are given. `withinMs` counts from when its turn comes. */
export type Check = { readonly withinMs?: number } & (
  | { readonly kind: "expect"; readonly pattern: Pattern }
  | { readonly kind: "screen"; readonly pattern: Pattern }
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "login"; readonly user: string; readonly password: string }
);

/** One boot and what is asked of it. Plain data: it crosses to other processes. */
export interface CasePlan {
  readonly name: string;
  readonly source: ImageSource;
  /** A relay that runs already: `http://HOST:PORT/`, with its token in the fragment where it demands one. */
  readonly relay?: string;
  readonly engine: EngineName;
  /** Of the two cases that boot the same on both engines, and must agree. */
  readonly twin?: string;
  readonly boot: BootWay;
  readonly nic: NicModel;
  readonly memoryMiB: number;
  /** The default entry of the boot menu unless given. */
  readonly label?: string;
  /** Replaces what the entry says of its root's way. */
  readonly root?: RootKind;
  /** Added to the entry's command line. */
  readonly append?: string;
  /** The file of the disk that the system's writes go to; in memory unless given. */
  readonly write?: { readonly path: string; readonly overOther: boolean };
  readonly until: MilestoneName;
  readonly checks: readonly Check[];
  readonly forbid: readonly Pattern[];
  /** From power-on to the verdict. Not given: a person at the console takes the time that a person takes. */
  readonly timeoutMs?: number;
  /** How long a boot may stand still. */
  readonly stallMs: number;
  /** How often a case that failed is tried again. */
  readonly retries: number;
  readonly artefacts: Artefacts;
}

export interface Artefacts {
  readonly serialLog?: string;
  /** A picture of the screen at the end: SVG of v86's text, PNG of qemu's. */
  readonly screenshot?: string;
  /** Of the guest's card, as pcapng. */
  readonly pcap?: string;
  /** Of the artefacts: kept whatever the verdict, or of the passing, or of those that did not pass. */
  readonly keep: "always" | "passing" | "failing" | "never";
}

export function compile({ source, flags }: Pattern): RegExp {
  return new RegExp(source, flags);
}

/** A case of which nothing is said but its image. */
export const DEFAULTS = {
  name: "smoke",
  engine: "v86",
  boot: "direct",
  nic: "virtio",
  memoryMiB: 512,
  until: "login",
  checks: [],
  forbid: [],
  timeoutMs: 5 * 60_000,
  stallMs: 60_000,
  retries: 0,
  artefacts: { keep: "always" },
} as const satisfies Omit<CasePlan, "source">;

/** The same case on each engine. */
export function onBothEngines(plan: CasePlan): CasePlan[] {
  return (["v86", "qemu"] as const).map((engine) => ({
    ...plan,
    name: `${plan.name} on ${engine}`,
    engine,
    twin: plan.name,
    artefacts: suffixed(plan.artefacts, engine),
  }));
}

/** Each file with `suffix` in front of its extension: cases must not write over each other's. */
export function suffixed({ keep, ...files }: Artefacts, suffix: string): Artefacts {
  const plain = suffix.replace(/[^\w.+-]+/g, "-").replace(/^-|-$/g, "");
  const renamed = Object.entries(files).map(([kind, path]) => [
    kind,
    path.replace(/(\.[^./]*)?$/, `-${plain}$1`),
  ]);
  return { keep, ...Object.fromEntries(renamed) };
}
