import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** A machine that hangs does not hang us. */
const PATIENCE_MS = 5000;

/**
 * Has qemu write its screen to `path` as a PNG file, and reads that (QMP, docs/interop/qmp-spec.txt). Undefined where the machine
 * is gone, or has no screen.
 * @param socket the UNIX socket of its monitor
 */
export async function screendump(socket: string, path: string): Promise<Uint8Array | undefined> {
  try {
    await command(socket, { execute: "screendump", arguments: { filename: path, format: "png" } });
    return await readFile(path);
  } catch {
    return undefined;
  }
}

/** Resolves when the command is done; rejects where it fails, or qemu does not answer. */
function command(socket: string, wanted: { readonly execute: string; readonly arguments: object }) {
  return new Promise<void>((resolve, reject) => {
    const connection = connect({ path: socket });
    const timer = setTimeout(() => connection.destroy(new Error("qemu does not answer")), PATIENCE_MS);
    const say = (message: object) => void connection.write(`${JSON.stringify(message)}\n`);
    let answers = 0;
    connection.once("error", reject).once("close", () => {
      clearTimeout(timer);
      reject(new Error("qemu hung up"));
    });
    createInterface({ input: connection })
      .on("error", reject)
      .on("line", (line) => {
        const message: unknown = JSON.parse(line);
        if (typeof message !== "object" || message === null) return;
        if ("QMP" in message) say({ execute: "qmp_capabilities" });
        else if ("error" in message) reject(new Error(line));
        else if ("return" in message && answers++ === 0) say(wanted);
        else if ("return" in message) resolve();
        if ("error" in message || answers === 2) connection.end();
      });
  });
}
