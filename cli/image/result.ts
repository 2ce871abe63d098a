/** kiwi's result folder for a KIS image, recognised by the names of its files. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./errors.ts";

export interface KisResult {
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
  readonly kernelVersion: string;
  /** The kernel parameters of the .append file; a squashfs root gets none. */
  readonly append?: string;
  /** The list of the image's packages, where kiwi wrote one. */
  readonly packages?: string;
}

/** NAME.ARCH-VERSION-KERNELVERSION.kernel, NAME.ARCH-VERSION.initrd, NAME.ARCH-VERSION (the root image). */
export function recogniseKis(names: readonly string[]): KisResult | string {
  const kernels = names.filter((name) => name.endsWith(".kernel"));
  if (kernels.length !== 1) {
    return kernels.length === 0 ? "it holds no file *.kernel" : `it holds ${kernels.length} files *.kernel`;
  }
  const kernel = kernels[0]!;
  const initrds = names.filter((name) => name.endsWith(".initrd") || name.endsWith(".initrd.xz"));
  const initrd = initrds.find((name) => kernel.startsWith(`${stem(name)}-`));
  if (initrd === undefined) return `it holds no initrd that belongs to ${kernel}`;
  const base = stem(initrd);
  const root = names.find((name) => name === base);
  if (root === undefined) {
    const packed = names.find((name) => name === `${base}.xz`);
    return packed === undefined
      ? `it holds no root image ${base}`
      : `its root image ${packed} is compressed: unpack it with "xz -d" first, an export has to be readable at any place`;
  }
  const optional = (name: string) => (names.includes(name) ? name : undefined);
  const append = optional(`${base}.append`);
  const packages = optional(`${base}.packages`);
  return {
    kernel,
    initrd,
    root,
    kernelVersion: kernel.slice(base.length + 1, -".kernel".length),
    ...(append === undefined ? {} : { append }),
    ...(packages === undefined ? {} : { packages }),
  };
}

export async function requireKis(folder: string): Promise<KisResult> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw new ImageError("incomplete-result", `${folder} cannot be read: ${cause.message}.`, { cause });
  });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const result = recogniseKis(names);
  if (typeof result !== "string") return result;
  throw new ImageError(
    "incomplete-result",
    `${folder} is not the result of a kiwi build of type kis: ${result}.`,
  );
}

/** The version of one package in kiwi's package list (`name|epoch|version|…`). */
export function packageVersion(list: string, name: string): string | undefined {
  for (const line of list.split("\n")) {
    const [package_, , version] = line.split("|");
    if (package_ === name) return version;
  }
  return undefined;
}

export async function readPackages(folder: string, result: KisResult): Promise<string> {
  return result.packages === undefined ? "" : readFile(join(folder, result.packages), "utf8");
}

function stem(initrd: string): string {
  return initrd.replace(/\.initrd(\.xz)?$/, "");
}
