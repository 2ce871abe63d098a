import type { Problem } from "../../worker/interface.ts";

/** The last `root=` of a command line, as the kernel reads it. */
export function rootParameter(append: string): string | undefined {
  return append
    .split(/\s+/)
    .findLast((word) => word.startsWith("root="))
    ?.slice("root=".length);
}

/** Where a root comes from: `nbd` from an export by this name, `aoe` from a target by this address, "e0.1". */
export interface RootSource {
  readonly kind: "nbd" | "aoe";
  readonly name: string;
}

/** What `root=overlay:nbd=HOST:EXPORT` or `root=overlay:aoe=TARGET` names. */
export function rootSourceOf(append: string): RootSource | undefined {
  const root = rootParameter(append) ?? "";
  const name = /^overlay:nbd=[^:]*:(.+)$/.exec(root)?.[1];
  if (name !== undefined) return { kind: "nbd", name };
  const target = /^overlay:aoe=(.+)$/.exec(root)?.[1];
  return target === undefined ? undefined : { kind: "aoe", name: target };
}

/** The export that `root=overlay:nbd=HOST:EXPORT` names. */
export function exportOf(append: string): string | undefined {
  const root = rootSourceOf(append);
  return root?.kind === "nbd" ? root.name : undefined;
}

/**
 * What looks wrong in a command line before it is booted. Only a warning: some images need no `root=`, and an export can be
 * declared while the machine boots.
 */
export function checkAppend(append: string, exports: readonly string[] | undefined): Problem | undefined {
  if (rootParameter(append) === undefined) {
    return {
      severity: "warning",
      code: "append-without-root",
      message: "There is no root= in this line.",
      advice:
        "Most images need one, such as root=overlay:nbd=10.86.0.1:kisroot. Some have their root inside.",
    };
  }
  const name = exportOf(append);
  if (name === undefined || exports === undefined || exports.includes(name)) return undefined;
  const known = exports.length === 0 ? "It has none at all." : `It has ${exports.join(", ")}.`;
  return {
    severity: "warning",
    code: "export-unknown",
    message: `The relay has no export ${name}.`,
    advice: `${known} The name after the last colon of root= has to be one of them.`,
  };
}
