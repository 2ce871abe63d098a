import type { MilestoneName } from "../../../worker/interface.ts";
import type { Symptoms } from "./diagnosis.ts";

export interface Rule {
  /** What was seen first: the codes of the problems that it explains. */
  readonly after: readonly string[];
  /** A line of the console that must be there; the first such is the evidence. */
  readonly line?: RegExp;
  readonly when?: (symptoms: Symptoms) => boolean;
  /** Where they say more than what was seen first. */
  readonly code?: string;
  readonly milestone?: MilestoneName;
  readonly message?: string;
  /** Likely cause and what to do. */
  readonly cause: string;
}

const GIVEN_UP = [
  "kernel-panic",
  "emergency-shell",
  "initrd-fatal",
  "stalled",
  "timed-out",
  "restarted",
  "guest-halted",
];

/** From the most telling to the least. Their console lines are Linux's, dracut's and kiwi-overlay's own words. */
export const RULES: readonly Rule[] = [
  {
    after: GIVEN_UP,
    line: /Initramfs unpacking failed|junk (?:in compressed archive|within compressed)|(?:XZ|ZSTD|LZ4|uncompression)[- ].*(?:corrupt|error|failed)/i,
    code: "initrd-damaged",
    milestone: "initrd",
    message: "The kernel could not unpack its initrd.",
    cause:
      "The initrd is cut off or damaged, or packed in a way that this kernel cannot unpack: compare its size and checksum with what was built, and copy it again.",
  },
  {
    after: GIVEN_UP,
    line: /SQUASHFS error|squashfs: .*(?:corrupt|error)|EXT4-fs error|Corrupt(?:ed)? (?:filesystem|inode)/i,
    code: "root-damaged",
    message: "The filesystem of the root image has errors.",
    cause:
      "The image is damaged or was cut off: compare its checksum with what was built. A relay that reads another file under the same export name shows the same.",
  },
  {
    after: ["kernel-panic", "restarted"],
    line: /VFS: Unable to mount root fs|VFS: Cannot open root device/,
    code: "initrd-missing",
    milestone: "initrd",
    message: "The kernel found no initrd, and no root of its own.",
    cause: "The boot entry's initrd= names no file that the kernel could use, or the initrd is not one.",
  },
  {
    after: ["kernel-panic"],
    line: /No working init found|Requested init .* failed|Attempted to kill init/,
    cause:
      "The first program ended or could not be started: look at the lines before it. A missing library, a wrong init= and a root of another architecture are the usual causes.",
  },
];
