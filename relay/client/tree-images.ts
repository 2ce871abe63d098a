import { open, readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import type { Export } from "../../net/export/export.ts";

/** The root images of a boot tree's exports/, read directly. The name of an export is the file's without its extension. */
export async function openTreeImages(
  tree: string,
): Promise<{ exports: readonly Export[]; close(): Promise<void> }> {
  const folder = join(tree, "exports");
  const names = await readdir(folder).catch((): string[] => []);
  const opened = await Promise.all(
    names.map(async (file) => {
      const handle = await open(join(folder, file));
      const { size } = await handle.stat();
      const image: Export = {
        name: parse(file).name,
        sizeBytes: size,
        readOnly: true,
        description: `image file ${file}`,
        read: async (offset, length) => {
          const bytes = new Uint8Array(length);
          await handle.read(bytes, 0, length, offset);
          return bytes;
        },
      };
      return { handle, image };
    }),
  );
  return {
    exports: opened.map(({ image }) => image),
    close: async () => {
      await Promise.all(opened.map(({ handle }) => handle.close()));
    },
  };
}
