import { inspectKernel } from "../../net/linux/bzimage.ts";
import type { MachineSettings, Problem } from "../interface.ts";
import type { Platform } from "../platform.ts";
import { type FileRole, fileProblem, kernelProblem, settingsProblem } from "../problems.ts";
import { concatenate } from "./fetch-file.ts";

export interface BootFiles {
  readonly bios: Uint8Array;
  readonly vgaBios: Uint8Array;
  /** Empty where the firmware fetches it. */
  readonly kernel: Uint8Array;
  /** All of them, one behind the other, as a boot loader hands them over. */
  readonly initrd: Uint8Array;
  /** The boot ROM of the card, where the machine boots from it. */
  readonly rom?: Uint8Array;
}

export type BootFilesResult =
  | { readonly ok: true; readonly files: BootFiles }
  /** No problem where it was given up on purpose. */
  | { readonly ok: false; readonly problem: Problem | undefined };

export type FileProgress = (file: string, receivedBytes: number, totalBytes: number | undefined) => void;

interface WantedFile {
  readonly role: FileRole;
  readonly url: string;
}

/** Fetches what a boot needs, all at once, and looks at it before anything is switched on. */
export async function fetchBootFiles(
  settings: MachineSettings,
  fetchFile: Platform["fetchFile"],
  signal: AbortSignal,
  progress: FileProgress,
): Promise<BootFilesResult> {
  const { boot, biosUrl, vgaBiosUrl, kernelUrl, initrdUrls, romUrl } = settings;
  const firmware = [biosUrl, vgaBiosUrl].map((url): WantedFile => ({ role: "firmware", url }));
  if (boot === "pxe") {
    const rom = romUrl === undefined ? [] : [{ role: "firmware" as const, url: romUrl }];
    const fetched = await fetchAll([...firmware, ...rom], fetchFile, signal, progress);
    if (!fetched.ok) return fetched;
    const [bios = NONE, vgaBios = NONE, romImage] = fetched.bytes;
    return {
      ok: true,
      files: { bios, vgaBios, kernel: NONE, initrd: NONE, ...(romImage !== undefined && { rom: romImage }) },
    };
  }
  const initrdFiles = initrdUrls.map((url): WantedFile => ({ role: "initrd", url }));
  const fetched = await fetchAll(
    [...firmware, { role: "kernel", url: kernelUrl }, ...initrdFiles],
    fetchFile,
    signal,
    progress,
  );
  if (!fetched.ok) return fetched;
  const [bios = NONE, vgaBios = NONE, kernel = NONE, ...initrds] = fetched.bytes;
  const image = inspectKernel(kernel);
  if (!image.ok) return { ok: false, problem: kernelProblem(kernelUrl, kernel.length, image) };
  const initrd = concatenateInitrds(initrds);
  const problem = settingsProblem(settings, initrd.length, image.maxAppendBytes);
  if (problem) return { ok: false, problem };
  return { ok: true, files: { kernel, bios, vgaBios, initrd } };
}

const NONE = new Uint8Array(0);

async function fetchAll(
  wanted: readonly WantedFile[],
  fetchFile: Platform["fetchFile"],
  signal: AbortSignal,
  progress: FileProgress,
): Promise<
  | { readonly ok: true; readonly bytes: readonly Uint8Array[] }
  | { readonly ok: false; readonly problem: Problem | undefined }
> {
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
  return { ok: true, bytes };
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
