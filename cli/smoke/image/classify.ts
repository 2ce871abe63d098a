import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { recogniseKis } from "../../image/result.ts";
import { SmokeError } from "../errors.ts";
import type { ImageSource } from "../plan.ts";

/** What a boot tree has, and a folder of kiwi's results has not. */
const PARTS_OF_A_TREE = ["tftpboot", "exports", "netroot.toml"];

/** Tells a boot tree from what kiwi-ng left. Rejects with what is there instead. */
export async function classify(folder: string): Promise<ImageSource> {
  const path = resolve(folder);
  let names: string[];
  try {
    names = await readdir(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new SmokeError(
        "usage",
        `There is nothing at ${path}: name a boot tree (\`netroot image build\` makes one) or a folder of kiwi's results.`,
        { cause },
      );
    const why =
      code === "ENOTDIR" ? "it is no folder" : code === "EACCES" ? "its permissions forbid it" : message;
    throw new SmokeError("usage", `${path} cannot be read: ${why}.`, { cause });
  }
  if (PARTS_OF_A_TREE.some((part) => names.includes(part))) return { kind: "tree", tree: path };
  const kis = recogniseKis(names);
  if (typeof kis !== "string") return { kind: "kis", folder: path };
  throw new SmokeError(
    "usage",
    names.some((name) => name.endsWith(".kernel"))
      ? `${path} is not the whole result of a kiwi build of type kis: ${kis}.`
      : `${path} is neither a boot tree (it has no tftpboot/) nor the result of a kiwi build of type kis (${kis}).`,
  );
}
