import type { TftpFile, TftpOpen, TftpRefusal } from "../../net/tftp/file.ts";
import { tftpErrorCode } from "../../net/tftp/message.ts";
import type { BootScripts } from "../boot-script/boot-script.ts";
import { openConfined } from "../http/confine.ts";

/**
 * Opens what TFTP clients ask for below `root`. A leading slash is the root, as `tftpd --secure` has it; there is no `..`, no link out
 * of the tree, and no translation: a backslash is a character like others, and case is as the file system has it. What is no
 * file may be one of `scripts`.
 */
export function openBootFiles(root: string, scripts?: BootScripts): TftpOpen {
  return async (path, client) => {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    const shown = parts.join("/");
    if (parts.includes("..")) {
      return refusal(tftpErrorCode.accessViolation, `${shown} lies outside the boot tree.`);
    }
    if (parts.length === 0) return refusal(tftpErrorCode.fileNotFound, "The request names no file.");
    const file = await openConfined(root, parts, shown);
    if (!file.ok) {
      const script = file.status === 404 ? await scripts?.(parts, client) : undefined;
      if (script === undefined) return refusal(codes[file.status], file.message);
      return script.ok ? textFile(script.text) : refusal(tftpErrorCode.fileNotFound, script.message);
    }
    const { handle } = file;
    try {
      const { size } = await handle.stat();
      return {
        sizeBytes: size,
        read: async (offset, length) => {
          const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
          return buffer.subarray(0, bytesRead);
        },
        close: () => handle.close().catch(() => {}),
      };
    } catch {
      await handle.close();
      return refusal(tftpErrorCode.notDefined, `${shown} cannot be read.`);
    }
  };
}

function textFile(text: string): TftpFile {
  const bytes = new TextEncoder().encode(text);
  return {
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    close: async () => {},
  };
}

const codes = {
  400: tftpErrorCode.accessViolation,
  403: tftpErrorCode.accessViolation,
  404: tftpErrorCode.fileNotFound,
  500: tftpErrorCode.notDefined,
} as const;

function refusal(code: TftpRefusal["code"], message: string): TftpRefusal {
  return { code, message };
}
