import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import type { FileResult } from "../../worker/boot-files/fetch-file.ts";
import { fetchFile } from "../../worker/boot-files/fetch-file.ts";
import type { Platform, TurnTaker } from "../../worker/platform.ts";
import { afterTimeout, performanceClock } from "../../worker/wall-timers.ts";
import { attach } from "../../worker/wire/socket.ts";
import { fileDisks } from "../disk/file-disk.ts";
import { checkpointFolder, defaultCheckpointFolder } from "./checkpoint-folder.ts";

let emulator: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** What the machine needs, under Node. Besides `http:` it fetches `file:` addresses. */
export const nodePlatform: Platform = {
  clock: performanceClock,
  after: afterTimeout,
  random: Math.random,
  openTurns: immediateTurns,
  timeOfDay: Date.now,
  checkpoints: checkpointFolder(defaultCheckpointFolder()),
  disks: fileDisks,
  fetchFile: (url, options) =>
    url.startsWith("file:") ? readLocalFile(url, options) : fetchFile(url, options),
  openSocket: (url, protocols, handlers) =>
    attach(
      new WebSocket(url, [...protocols], { perMessageDeflate: false, maxPayload: 1024 * 1024 }),
      handlers,
    ),
  loadEmulator() {
    emulator ??= readEmulator();
    return emulator;
  },
};

async function readEmulator(): Promise<Uint8Array<ArrayBuffer>> {
  const path = createRequire(import.meta.url).resolve("v86/build/v86.wasm");
  return new Uint8Array(await readFile(path));
}

/** Node's own way to let everything else have its turn. */
function immediateTurns(): TurnTaker {
  let closed = false;
  return {
    soon(callback) {
      setImmediate(() => {
        if (!closed) callback();
      });
    },
    close() {
      closed = true;
    },
  };
}

async function readLocalFile(
  url: string,
  options: Parameters<Platform["fetchFile"]>[1],
): Promise<FileResult> {
  try {
    const bytes = await readFile(fileURLToPath(url), { signal: options.signal });
    options.progress(bytes.length, bytes.length);
    return { ok: true, bytes };
  } catch (error) {
    if (options.signal.aborted) return { ok: false, reason: "aborted" };
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { ok: false, reason: "refused", status: 404 };
    }
    return {
      ok: false,
      reason: "unreachable",
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}
