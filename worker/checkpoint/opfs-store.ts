import { type CheckpointStore, MOST_CHECKPOINTS } from "./store.ts";

const FOLDER = "checkpoints";

/** Checkpoints in this browser's origin private file system. Absent where the page is no secure context. */
export function opfsCheckpoints(): CheckpointStore | undefined {
  if (!globalThis.isSecureContext || typeof navigator.storage?.getDirectory !== "function") return undefined;
  return {
    async load(key) {
      try {
        const handle = await (await folder()).getFileHandle(key);
        const access = await handle.createSyncAccessHandle();
        try {
          const file = new Uint8Array(access.getSize());
          // The first byte again, in its place: the file's time says when it was last used.
          const read = access.read(file, { at: 0 });
          if (read > 0) access.write(file.subarray(0, 1), { at: 0 });
          return file.subarray(0, read);
        } finally {
          access.close();
        }
      } catch {
        return undefined;
      }
    },
    async save(key, file) {
      const directory = await folder();
      await makeRoom(directory, key);
      const handle = await directory.getFileHandle(key, { create: true });
      const access = await handle.createSyncAccessHandle();
      try {
        access.truncate(0);
        access.write(file, { at: 0 });
        access.flush();
      } finally {
        access.close();
      }
    },
    async remove(key) {
      await (await folder()).removeEntry(key).catch(() => {});
    },
  };
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

async function makeRoom(directory: FileSystemDirectoryHandle, key: string): Promise<void> {
  const others: { readonly name: string; readonly usedMs: number }[] = [];
  for await (const [name, handle] of directory.entries()) {
    if (name === key || handle.kind !== "file") continue;
    others.push({ name, usedMs: (await handle.getFile()).lastModified });
  }
  others.sort((a, b) => b.usedMs - a.usedMs);
  for (const { name } of others.slice(MOST_CHECKPOINTS - 1)) await directory.removeEntry(name);
}
