import type { MachineSettings, Problem } from "../interface.ts";
import type { Platform } from "../platform.ts";
import { type FileRole, fileProblem, kernelProblem, settingsProblem } from "../problems.ts";
import { inspectKernel } from "./bzimage.ts";
import { concatenate } from "./fetch-file.ts";

export interface BootFiles {
  readonly bios: Uint8Array;
  readonly vgaBios: Uint8Array;
  readonly kernel: Uint8Array;
  /** All of them, one behind the other, as a boot loader hands them over. */
  readonly initrd: Uint8Array;
}

export type BootFilesResult =
  | { readonly ok: true; readonly files: BootFiles }
  /** No problem where it was given up on purpose. */
  | { readonly ok: false; readonly problem: Problem | undefined };

export type FileProgress = (file: string, receivedBytes: number, totalBytes: number | undefined) => void;

/** Fetches what a direct boot needs, all at once, and looks at it before anything is switched on. */
export async function fetchBootFiles(
  settings: MachineSettings,
  fetchFile: Platform["fetchFile"],
  signal: AbortSignal,
  progress: FileProgress,
): Promise<BootFilesResult> {
  const wanted: readonly { readonly role: FileRole; readonly url: string }[] = [
    { role: "kernel", url: settings.kernelUrl },
    { role: "firmware", url: settings.biosUrl },
    { role: "firmware", url: settings.vgaBiosUrl },
    ...settings.initrdUrls.map((url) => ({ role: "initrd" as const, url })),
  ];
  const results = await Promise.all(
    wanted.map(({ url }) =>
      fetchFile(url, { signal, progress: (received, total) => progress(fileName(url), received, total) }),
    ),
  );
  const bytes: Uint8Array[] = [];
  for (const [index, result] of results.entries()) {
    const { role, url } = wanted[index]!;
    if (!result.ok) return { ok: false, problem: fileProblem(role, url, result) };
    bytes.push(result.bytes);
  }
  const [kernel, bios, vgaBios, ...initrds] = bytes as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]];
  const image = inspectKernel(kernel);
  if (!image.ok) return { ok: false, problem: kernelProblem(settings.kernelUrl, kernel.length, image) };
  const initrd = concatenateInitrds(initrds);
  const problem = settingsProblem(settings, initrd.length, image.maxAppendBytes);
  if (problem) return { ok: false, problem };
  return { ok: true, files: { kernel, bios, vgaBios, initrd } };
}

/** The kernel looks for the next archive at a multiple of four (Documentation/driver-api/early-userspace/buffer-format.rst). */
function concatenateInitrds(initrds: readonly Uint8Array[]): Uint8Array {
  if (initrds.length === 0) return new Uint8Array(0);
  const parts = initrds.flatMap((initrd, index) =>
    index < initrds.length - 1 ? [initrd, new Uint8Array((4 - (initrd.length % 4)) % 4)] : [initrd],
  );
  return concatenate(parts);
}

/** The last part of the address: what a person calls the file. */
export function fileName(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? url;
  return path.slice(path.lastIndexOf("/") + 1);
}
