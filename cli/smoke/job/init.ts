import { writeFile } from "node:fs/promises";
import { SmokeError } from "../errors.ts";
import { JOB_TEMPLATE } from "./template.ts";

/** Writes a commented job file. Rejects with a `SmokeError`, where one is there already for instance. */
export async function writeTemplate(path: string): Promise<void> {
  try {
    await writeFile(path, JOB_TEMPLATE, { flag: "wx" });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === "EEXIST"
        ? `There is a ${path} already: it is left as it is.`
        : `${path} cannot be written: ${message}.`;
    throw new SmokeError("usage", why, { cause });
  }
}
