import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { requireHostFiles } from "./boot-files.ts";
import type { BuiltTree } from "./build.ts";
import { fileRecord } from "./built.ts";
import { packageVersion, readPackages, requireKis } from "./result.ts";
import { layOutTree } from "./tree.ts";

export interface ImportOptions {
  /** The folder that kiwi left its results in. */
  readonly result: string;
  readonly tree: string;
  /** Kernel parameters after root=; those of the .append file and the two consoles unless given. */
  readonly append?: string;
}

const CONSOLES = "console=tty0 console=ttyS0";

/** Lays out a boot tree from somebody's own kiwi build of type kis. */
export async function importResult(options: ImportOptions): Promise<BuiltTree> {
  const folder = resolve(options.result);
  const tree = resolve(options.tree);
  requireHostFiles();
  const result = await requireKis(folder);
  const file = async (name: string) => ({
    source: join(folder, name),
    record: await fileRecord(join(folder, name)),
  });
  const kernel = await file(result.kernel);
  const initrd = await file(result.initrd);
  const root = await file(result.root);
  const packages = await readPackages(folder, result);
  const appended = result.append === undefined ? "" : await readFile(join(folder, result.append), "utf8");
  const dracut = packageVersion(packages, "dracut");
  const key = createHash("sha256")
    .update([kernel, initrd, root].map(({ record }) => record.sha256).join(" "))
    .digest("hex")
    .slice(0, 32);
  const about = {
    description: result.root,
    key,
    versions: { kernel: result.kernelVersion, ...(dracut === undefined ? {} : { dracut }) },
  };
  const kernelParameters = options.append ?? importedParameters(appended);
  const laidOut = await layOutTree({ tree, image: { kernel, initrd, root, about }, kernelParameters });
  return { tree, description: about.description, key, origin: "import", ...laidOut };
}

/** The .append file of a result names the root of a local disk: the tree's own root= takes its place. */
export function importedParameters(appended: string): string {
  const words = appended.split(/\s+/).filter((word) => word !== "" && !word.startsWith("root="));
  if (!words.some((word) => word.startsWith("console="))) words.push(CONSOLES);
  return words.join(" ");
}
