import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DEFAULT_TREE } from "../../command.ts";
import { SmokeError } from "../errors.ts";
import { classify } from "../image/classify.ts";
import { type CasePlan, type Check, DEFAULTS, type ImageSource } from "../plan.ts";
import { casesOf, planOf } from "./cases.ts";
import { parseJob } from "./parse.ts";
import type { Job } from "./schema.ts";

/** The cases of a job file. Rejects with a `SmokeError`. @param scale multiplies every time in it */
export async function plansOfJob(path: string, scale: number, relay?: string): Promise<CasePlan[]> {
  const job = parseJob(await read(path), path);
  const source = await sourceOf(job, dirname(path), relay);
  const named = casesOf(job);
  if (named.length === 0)
    throw new SmokeError("usage", `${path} has no case: its matrix excludes every one.`);
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    throw new SmokeError(
      "usage",
      `${path} has two cases of the name "${twice.name}": give each one of its own.`,
    );
  const { until, timeout = DEFAULTS.timeoutMs, stall = DEFAULTS.stallMs, retry, forbid = [] } = job;
  return named.map(({ name, variables }) => ({
    ...DEFAULTS,
    ...planOf(variables),
    name,
    source,
    ...(relay !== undefined && { relay }),
    until,
    checks: job.check.map((check) => checkOf(check, scale)),
    forbid,
    timeoutMs: Math.round(timeout * scale),
    stallMs: Math.round(stall * scale),
    retries: retry,
  }));
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? `There is no job file ${path}: \`netroot smoke --init\` writes one.`
        : `The job file ${path} cannot be read: ${message}.`;
    throw new SmokeError("usage", why, { cause });
  }
}

async function sourceOf(
  { image, kernel, initrd = [], root_image }: Job,
  folder: string,
  relay: string | undefined,
): Promise<ImageSource> {
  if (relay !== undefined) return { kind: "tree", tree: resolve(folder, image ?? DEFAULT_TREE) };
  if (kernel === undefined) return classify(resolve(folder, image ?? DEFAULT_TREE));
  return {
    kind: "files",
    kernel: resolve(folder, kernel),
    initrds: initrd.map((each) => resolve(folder, each)),
    ...(root_image !== undefined && { image: resolve(folder, root_image) }),
  };
}

function checkOf({ expect, screen, run, login, within }: Job["check"][number], scale: number): Check {
  const withinMs = within === undefined ? {} : { withinMs: Math.round(within * scale) };
  if (expect !== undefined) return { kind: "expect", pattern: expect, ...withinMs };
  if (screen !== undefined) return { kind: "screen", pattern: screen, ...withinMs };
  if (login !== undefined) return { kind: "login", ...login, ...withinMs };
  return { kind: "run", command: run!, ...withinMs };
}
