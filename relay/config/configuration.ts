import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { closest } from "./closest.ts";
import { findLine, type KeyPath } from "./find-line.ts";
import { type Configuration, configurationSchema } from "./schema.ts";

export const CONFIGURATION_FILE = "netroot.toml";

/** The configuration makes no sense. The message names file, line and key, and what would be right. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigurationError";
  }
}

/** Reads TREE/netroot.toml; where there is none, everything has its default. Rejects with a `ConfigurationError`. */
export async function readConfiguration(tree: string): Promise<Configuration> {
  const path = join(tree, CONFIGURATION_FILE);
  let text = "";
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new ConfigurationError(`${path} cannot be read: ${message}.`, { cause });
  }
  return parseConfiguration(text, path);
}

/** Throws a `ConfigurationError`. `path` is what it calls the file. */
export function parseConfiguration(text: string, path: string): Configuration {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.replace(/^Invalid TOML document: /, "").split("\n", 1)[0];
    throw new ConfigurationError(`${path}, line ${cause.line}: this is not TOML: ${reason}.`, { cause });
  }
  const result = configurationSchema.safeParse(document);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.flatMap((issue) => sentences(issue, document, text, path)).join("\n"),
    {
      cause: result.error,
    },
  );
}

function sentences(issue: z.core.$ZodIssue, document: unknown, text: string, path: string): string[] {
  const at = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => sentence([...at, key], unknownKey(at, key), text, path));
  }
  if (issue.code === "invalid_type" && issue.expected === "object") {
    return [sentence(at, "is a table: its name in brackets on a line, its keys below", text, path)];
  }
  const missing = valueAt(document, at) === undefined;
  return [sentence(at, missing ? `is missing: it ${issue.message}` : issue.message, text, path)];
}

function valueAt(document: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | undefined)?.[step],
    document,
  );
}

function sentence(at: KeyPath, what: string, text: string, path: string): string {
  const line = findLine(text, at);
  return `${path}${line === undefined ? "" : `, line ${line}`}: ${nameOf(at)} ${what}${what.endsWith("?") ? "" : "."}`;
}

function unknownKey(table: KeyPath, key: string): string {
  const known = knownKeys(table);
  const meant = closest(key, known);
  return `is not known here. ${meant === undefined ? `There is: ${known.join(", ")}` : `Did you mean ${meant}?`}`;
}

/** The keys of the table at `path`. */
function knownKeys(path: KeyPath): string[] {
  const { shape } = configurationSchema;
  const [name] = path;
  switch (name) {
    case undefined:
      return Object.keys(shape);
    case "listen":
    case "segment":
    case "limits":
    case "boot":
      return Object.keys(shape[name].unwrap().shape);
    case "export":
    case "forward":
      return Object.keys(shape[name].unwrap().element.shape);
    case "uplink":
    case "access":
      return Object.keys(shape[name].unwrap().shape);
    default:
      return [];
  }
}

/** `segment.mtu`; `access.origins number 1`; `[[export]] number 2, server`. */
function nameOf(path: KeyPath): string {
  const [first, second, ...rest] = path;
  if (typeof second !== "number") {
    return path
      .map((step) => (typeof step === "number" ? ` number ${step + 1}` : `.${step}`))
      .join("")
      .slice(1);
  }
  return [`[[${first}]] number ${second + 1}`, ...rest].join(", ");
}
