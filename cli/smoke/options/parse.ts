import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { LAYER_ON_DISK } from "../../../net/kiwi/layer-parameter.ts";
import { joinWords } from "../../../net/pxelinux/append.ts";
import { MILESTONES, type MilestoneName } from "../../../worker/interface.ts";
import { DEFAULT_TREE, UsageError } from "../../command.ts";
import { classify } from "../image/classify.ts";
import { plansOfJob } from "../job/plans.ts";
import {
  type Artefacts,
  type CasePlan,
  type Check,
  DEFAULTS,
  type ImageSource,
  onBothEngines,
  type Pattern,
  suffixed,
} from "../plan.ts";
import type { ReportOptions } from "../report/deliver.ts";
import { parseDuration } from "./duration.ts";
import { parsePattern } from "./pattern.ts";

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const flag = { type: "boolean" } as const;

const OPTIONS = {
  label: text,
  kernel: text,
  initrd: texts,
  image: text,
  append: text,
  root: text,
  boot: text,
  relay: text,
  engine: text,
  nic: text,
  memory: text,
  write: text,
  "write-over-other": flag,
  until: text,
  expect: texts,
  screen: texts,
  login: texts,
  run: texts,
  within: texts,
  forbid: texts,
  timeout: text,
  stall: text,
  "timeout-scale": text,
  retry: text,
  json: flag,
  tap: flag,
  junit: text,
  quiet: flag,
  jobs: text,
  init: flag,
  "serial-log": text,
  screenshot: text,
  pcap: text,
  keep: text,
  html: text,
  baseline: text,
  interactive: flag,
  help: { type: "boolean", short: "h" },
} as const;

export interface SmokeOptions {
  /** At least one. */
  readonly cases: readonly CasePlan[];
  readonly reports: ReportOptions;
  readonly quiet: boolean;
  /** How many cases at a time. */
  readonly jobs: number;
  /** The earlier report that the new one is compared with. */
  readonly baseline?: string;
  /** Whether the user's terminal is the guest's console. */
  readonly interactive: boolean;
}

const [LEAST_MEMORY_MIB, MOST_MEMORY_MIB] = [64, 2048];
const MOST_RETRIES = 10;
const MOST_JOBS = 64;

/**
 * Reads the command line. Rejects with a `UsageError`, or a `SmokeError` about what it names; "help" where help is asked for, the
 * path where a job file is to be written.
 */
export async function parseOptions(
  argv: readonly string[],
): Promise<SmokeOptions | "help" | { readonly init: string }> {
  const { values, positionals, tokens } = parse(argv);
  if (values.help === true) return "help";
  const [named, ...more] = positionals;
  if (more.length > 0) throw new UsageError("smoke takes one TREE, KIS-DIRECTORY or job.toml");
  if (values.init === true) return { init: resolve(named ?? "job.toml") };
  const scale = parseScale(values["timeout-scale"]);
  const cases = named?.endsWith(".toml")
    ? await casesOfJob(named, values, tokens, scale)
    : await caseOf(values, named, tokens, scale);
  const interactive = values.interactive === true;
  if (interactive && (cases.length > 1 || cases[0]!.retries > 0))
    throw new UsageError("--interactive is for one boot: leave --retry, --engine both and job.toml out");
  return {
    cases: interactive && values.timeout === undefined ? cases.map(untimed) : cases,
    reports: reportsOf(values),
    quiet: values.quiet === true || interactive,
    jobs: integer("jobs", values.jobs, 1, MOST_JOBS) ?? 1,
    ...(values.baseline !== undefined && { baseline: outputPath("baseline", values.baseline) }),
    interactive,
  };
}

/** The usual time is for a boot that nobody sits at. */
function untimed({ timeoutMs: _, ...plan }: CasePlan): CasePlan {
  return plan;
}

type Values = ReturnType<typeof parse>["values"];

/** What is said of the run, and not of a case: it stands beside a job file. */
const OF_THE_RUN: readonly string[] = [
  "jobs",
  "json",
  "tap",
  "junit",
  "quiet",
  "timeout-scale",
  "retry",
  "relay",
  "serial-log",
  "screenshot",
  "pcap",
  "keep",
  "html",
  "baseline",
  "interactive",
];

async function casesOfJob(
  path: string,
  values: Values,
  tokens: readonly Token[],
  scale: number,
): Promise<CasePlan[]> {
  const other = tokens.find((token) => token.kind === "option" && !OF_THE_RUN.includes(token.name));
  if (other?.kind === "option")
    throw new UsageError(`--${other.name} is said in ${path}: leave it out, or ${path}`);
  const retries = integer("retry", values.retry, 0, MOST_RETRIES);
  const plans = await plansOfJob(
    resolve(path),
    scale,
    values.relay === undefined ? undefined : relayUrl(values.relay),
  );
  const artefacts = artefactsOf(values);
  return plans.map((plan) => ({
    ...plan,
    ...(retries !== undefined && { retries }),
    artefacts: plans.length === 1 ? artefacts : suffixed(artefacts, plan.name),
  }));
}

function artefactsOf(values: Values): Artefacts {
  const { screenshot, pcap } = values;
  const serialLog = values["serial-log"];
  return {
    keep: oneOf("keep", values.keep, ["always", "passing", "failing", "never"]) ?? DEFAULTS.artefacts.keep,
    ...(serialLog !== undefined && { serialLog: outputPath("serial-log", serialLog) }),
    ...(screenshot !== undefined && { screenshot: outputPath("screenshot", screenshot) }),
    ...(pcap !== undefined && { pcap: outputPath("pcap", pcap) }),
  };
}

async function caseOf(
  values: Values,
  folder: string | undefined,
  tokens: readonly Token[],
  scale: number,
): Promise<CasePlan[]> {
  const time = (name: string, given: string | undefined, otherwise: number) =>
    Math.round(scale * (given === undefined ? otherwise : duration(name, given)));
  const { label, append, relay } = values;
  const root = oneOf("root", values.root, ["nbd", "aoe"]);
  const boot = oneOf("boot", values.boot, ["direct", "pxe"]) ?? DEFAULTS.boot;
  const nic = oneOf("nic", values.nic, ["virtio", "ne2k"]);
  const engine = oneOf("engine", values.engine, ["v86", "qemu", "both"]) ?? DEFAULTS.engine;
  if (engine !== "v86" && relay !== undefined)
    throw new UsageError("--engine qemu and both start relays of their own: leave --relay out");
  if (engine !== "v86" && (values.screen ?? []).length > 0)
    throw new UsageError(
      "--screen reads the screen of v86 only: with --engine qemu look at the console with --expect",
    );
  if (engine !== "qemu" && boot === "pxe" && nic === "virtio")
    throw new UsageError("--boot pxe wants --nic ne2k: the card's firmware cannot drive the other one");
  const write = writeOf(values, engine);
  const line = write === undefined ? append : joinWords(append ?? "", LAYER_ON_DISK);
  const checks = checksOf(tokens, scale);
  const source = await sourceOf(values, folder);
  const plan: CasePlan = {
    ...DEFAULTS,
    source,
    ...(relay !== undefined && { relay: relayUrl(relay) }),
    engine: engine === "both" ? DEFAULTS.engine : engine,
    boot,
    nic: nic ?? (boot === "pxe" && engine !== "qemu" ? "ne2k" : DEFAULTS.nic),
    memoryMiB: integer("memory", values.memory, LEAST_MEMORY_MIB, MOST_MEMORY_MIB) ?? DEFAULTS.memoryMiB,
    ...(label !== undefined && { label }),
    ...(root !== undefined && { root }),
    ...(line !== undefined && { append: oneLine("append", line) }),
    ...(write !== undefined && { write }),
    until: milestone(values.until),
    checks,
    forbid: (values.forbid ?? []).map((each) => pattern("forbid", each)),
    timeoutMs: time("timeout", values.timeout, DEFAULTS.timeoutMs),
    stallMs: time("stall", values.stall, DEFAULTS.stallMs),
    retries: integer("retry", values.retry, 0, MOST_RETRIES) ?? DEFAULTS.retries,
    artefacts: artefactsOf(values),
  };
  return engine === "both" ? onBothEngines(plan) : [plan];
}

/** The disk that the write layer is on; undefined where it is in memory. */
function writeOf(values: Values, engine: string): CasePlan["write"] {
  const { write } = values;
  const overOther = values["write-over-other"] === true;
  if (write === undefined || write === "ram") {
    if (overOther) throw new UsageError("--write-over-other is about the disk of --write FILE: name it");
    return undefined;
  }
  if (engine !== "v86") throw new UsageError("--write FILE is for --engine v86: give qemu its disks by hand");
  return { path: outputPath("write", write), overOther };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, tokens: true, options: OPTIONS });
  } catch (error) {
    // Node's second sentence is about file names that begin with a dash.
    const [sentence] = (error as Error).message.split(/(?<=[^.])\. /);
    throw new UsageError(sentence ?? "the options make no sense", { cause: error });
  }
}

function reportsOf(values: Values): ReportOptions {
  const { json, tap, junit, html } = values;
  if (json && tap) throw new UsageError("--json and --tap both go to standard output: choose one");
  return {
    ...(json && { stdout: "json" }),
    ...(tap && { stdout: "tap" }),
    ...(junit !== undefined && { junit: outputPath("junit", junit) }),
    ...(html !== undefined && { html: outputPath("html", html) }),
    github: process.env.GITHUB_ACTIONS === "true",
  };
}

function outputPath(name: string, value: string): string {
  if (value === "") throw new UsageError(`--${name} wants the path of a file`);
  return resolve(value);
}

interface SourceOptions {
  readonly kernel?: string | undefined;
  readonly initrd?: readonly string[] | undefined;
  readonly image?: string | undefined;
  readonly relay?: string | undefined;
}

async function sourceOf(options: SourceOptions, folder: string | undefined): Promise<ImageSource> {
  const { kernel, initrd = [], image, relay } = options;
  const hasFiles = kernel !== undefined || initrd.length > 0 || image !== undefined;
  if (relay !== undefined) {
    if (hasFiles || folder !== undefined)
      throw new UsageError("--relay boots what its relay serves: leave the tree and the files out");
    return { kind: "tree", tree: resolve(DEFAULT_TREE) };
  }
  if (!hasFiles) return classify(folder ?? DEFAULT_TREE);
  if (folder !== undefined)
    throw new UsageError(`name either ${folder} or --kernel, --initrd and --image, not both`);
  if (kernel === undefined) throw new UsageError("--initrd and --image want a --kernel beside them");
  return {
    kind: "files",
    kernel: resolve(kernel),
    initrds: initrd.map((each) => resolve(each)),
    ...(image !== undefined && { image: resolve(image) }),
  };
}

type Token = ReturnType<typeof parse>["tokens"][number];

/** Checks keep the order in which they stand on the command line, whatever their kind. */
function checksOf(tokens: readonly Token[], scale: number): Check[] {
  const checks: Check[] = [];
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, value = "" } = token;
    if (name === "within") {
      const last = checks.pop();
      if (last === undefined) throw new UsageError("--within stands behind the check that it is for");
      checks.push({ ...last, withinMs: Math.round(scale * duration("within", value)) });
      continue;
    }
    const check = checkOf(name, value);
    if (check !== undefined) checks.push(check);
  }
  return checks;
}

function checkOf(name: string, value: string): Check | undefined {
  switch (name) {
    case "expect":
    case "screen":
      return { kind: name, pattern: pattern(name, value) };
    case "run":
      if (value.trim() === "") throw new UsageError("--run wants a command");
      return { kind: "run", command: oneLine("run", value) };
    case "login": {
      const [, user, password] = /^([^:]+):(.*)$/s.exec(value) ?? [];
      if (user === undefined || password === undefined)
        throw new UsageError("--login wants USER:PASSWORD; an account without a password is USER:");
      return { kind: "login", user: oneLine("login", user), password: oneLine("login", password) };
    }
    default:
      return undefined;
  }
}

function pattern(name: string, value: string): Pattern {
  const parsed = parsePattern(value);
  if (typeof parsed === "string") throw new UsageError(`--${name} ${JSON.stringify(value)} ${parsed}`);
  return parsed;
}

function duration(name: string, value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined)
    throw new UsageError(
      `--${name} ${value} is no time: it is a number of seconds above 0, or such as 90s, 2m, 500ms`,
    );
  return ms;
}

function parseScale(value: string | undefined): number {
  if (value === undefined) return 1;
  const scale = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && scale >= 0.01 && scale <= 100) return scale;
  throw new UsageError(`--timeout-scale ${value} is none: it is a number from 0.01 to 100`);
}

function integer(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d{1,9}$/.test(value) && number >= least && number <= most) return number;
  throw new UsageError(`--${name} ${value} makes no sense: it is a number from ${least} to ${most}`);
}

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((each) => each === value);
  if (choice === undefined)
    throw new UsageError(`--${name} ${value} is not known: it is ${choices.join(" or ")}`);
  return choice;
}

function milestone(value: string | undefined): MilestoneName {
  if (value === undefined) return DEFAULTS.until;
  const names = MILESTONES.map(({ name }) => name);
  const found = names.find((name) => name === value);
  if (found === undefined)
    throw new UsageError(`--until ${value} is no milestone; they are ${names.join(", ")}`);
  return found;
}

function oneLine(name: string, value: string): string {
  if (/\p{Cc}/u.test(value)) throw new UsageError(`--${name} is one line, without control characters`);
  return value;
}

function relayUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href;
  throw new UsageError(`--relay ${value} is no relay's address: it looks like http://127.0.0.1:8086/`);
}
