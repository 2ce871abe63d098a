import type { ReadText } from "../../net/pxelinux/read.ts";
import { openConfined } from "./confine.ts";

/** More than any menu has: what is longer is another kind of file. */
const MOST_BYTES = 1 << 20;

/** Reads the config files of a tftpboot folder, and nothing outside it. */
export function configFilesOf(tftpboot: string): ReadText {
  return async (path) => {
    const file = await openConfined(tftpboot, path.split("/"), path);
    if (!file.ok)
      return {
        why: file.status === 404 ? "the boot tree has no such file" : "the boot tree does not give it away",
      };
    try {
      const { size } = await file.handle.stat();
      if (size > MOST_BYTES) return { why: `it has ${size} bytes, which no menu has` };
      return { text: await file.handle.readFile("utf8") };
    } finally {
      await file.handle.close();
    }
  };
}
