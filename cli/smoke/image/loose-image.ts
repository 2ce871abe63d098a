import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinWords } from "../../../net/pxelinux/append.ts";
import { EXPORT, GATEWAY } from "../../image/boot-files.ts";
import { importedParameters } from "../../image/import.ts";
import { requireKis } from "../../image/result.ts";
import type { EngineName, ImageSource } from "../plan.ts";
import { requireKernel, requireRootImage } from "./inspect.ts";
import { requireFile } from "./open-files.ts";

/** An image that lies in no boot tree. Paths are absolute. */
export interface LooseImage {
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly append: string;
  /** Absent where the initrd is all there is. */
  readonly root?: string;
}

const NETWORK_ROOT = `root=overlay:nbd=${GATEWAY}:${EXPORT}`;
const CONSOLES = "console=tty0 console=ttyS0";

/** Looks at every file of an image. Rejects with a `SmokeError`, or kiwi's `ImageError`, at the first that cannot be. */
export async function looseImage(
  source: Exclude<ImageSource, { kind: "tree" }>,
  engine: EngineName,
  append = "",
): Promise<LooseImage> {
  const image = source.kind === "kis" ? await ofKiwi(source.folder, append) : ofFiles(source, append);
  await requireKernel(image.kernel, engine);
  for (const initrd of image.initrds) await requireFile(initrd, "initrd");
  if (image.root !== undefined) await requireRootImage(image.root);
  return image;
}

async function ofKiwi(folder: string, append: string): Promise<LooseImage> {
  const kis = await requireKis(folder);
  const at = (name: string) => join(folder, name);
  const written = kis.append === undefined ? "" : await readFile(at(kis.append), "utf8");
  return {
    kernel: at(kis.kernel),
    initrds: [at(kis.initrd)],
    append: joinWords(NETWORK_ROOT, importedParameters(written), append),
    root: at(kis.root),
  };
}

function ofFiles(source: Extract<ImageSource, { kind: "files" }>, append: string): LooseImage {
  const { kernel, initrds, image } = source;
  const says = (name: string) => new RegExp(`(^|\\s)${name}=`).test(append);
  return {
    kernel,
    initrds,
    append: joinWords(
      image !== undefined && !says("root") ? NETWORK_ROOT : "",
      says("console") ? "" : CONSOLES,
      append,
    ),
    ...(image !== undefined && { root: image }),
  };
}
