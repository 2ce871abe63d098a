import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { closest } from "../../../relay/config/closest.ts";
import { findLine, type KeyPath } from "../../../relay/config/find-line.ts";
import { SmokeError } from "../errors.ts";
import { type Job, jobSchema } from "./schema.ts";

/** Reads a job file's text. Throws a `SmokeError` that names file, line and key. @param path what the file is called */
export function parseJob(text: string, path: string): Job {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.replace(/^Invalid TOML document: /, "").split("\n", 1)[0];
    throw new SmokeError("usage", `${path}, line ${cause.line}: this is not TOML: ${reason}.`, { cause });
  }
  const result = jobSchema.safeParse(document);
  if (result.success) return result.data;
  // One sentence: the first is often the cause of the others.
  throw new SmokeError("usage", sentence(result.error.issues[0]!, text, path), { cause: result.error });
}

function sentence(issue: z.core.$ZodIssue, text: string, path: string): string {
  const at = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const meant = closest(key, KNOWN);
    const hint = meant === undefined ? "is not known here." : `is not known here. Did you mean ${meant}?`;
    return `${place([...at, key], text, path)} ${hint}`;
  }
  const isTable = issue.code === "invalid_type" && issue.expected === "object";
  return `${place(at, text, path)} ${isTable ? "is a table: its name in brackets on a line, its keys below" : issue.message}.`;
}

function place(at: KeyPath, text: string, path: string): string {
  const line = findLine(text, at);
  const name = at.map((step) => (typeof step === "number" ? ` number ${step + 1}` : `.${step}`)).join("");
  return `${path}${line === undefined ? "" : `, line ${line}`}: ${name.replace(/^\./, "") || "the file"}`;
}

const shape = jobSchema.shape;
const KNOWN: readonly string[] = [
  ...Object.keys(shape),
  ...Object.keys(shape.check.unwrap().element.shape),
  ...Object.keys(shape.case.unwrap().element.shape),
  "exclude",
];
