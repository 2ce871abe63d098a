import { createHash } from "node:crypto";

/** Everything that an image is made of. */
export interface KeyInputs {
  readonly description: string;
  /** The merged description's files. */
  readonly files: readonly {
    readonly path: string;
    readonly executable: boolean;
    readonly content: Uint8Array;
  }[];
  /** The script that runs kiwi. */
  readonly runner: Uint8Array;
  /** The build tools of this machine: package name to version. */
  readonly tools: Readonly<Record<string, string>>;
  /** apt's signed index of the release: it names the content of every package. */
  readonly inRelease: Uint8Array;
}

/** Two images with the same key are made of the same things. Each part is framed, so that no two inputs read alike. */
export function cacheKey(inputs: KeyInputs): string {
  const hash = createHash("sha256");
  const part = (name: string, value: string | Uint8Array) => {
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    hash.update(`${name} ${bytes.length}\n`).update(bytes).update("\n");
  };
  part("description", inputs.description);
  for (const file of [...inputs.files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    part("path", file.path);
    part("mode", file.executable ? "755" : "644");
    part("content", file.content);
  }
  part("runner", inputs.runner);
  for (const [name, version] of Object.entries(inputs.tools).sort(([a], [b]) => (a < b ? -1 : 1))) {
    part("tool", `${name} ${version}`);
  }
  part("in-release", inputs.inRelease);
  return hash.digest("hex").slice(0, 32);
}
