import type { Problem } from "../interface.ts";
import type { DiskError } from "./disk.ts";
import type { ExportIdentity } from "./layered-over.ts";
import type { DiskRefusal } from "./shelf.ts";

export function noDisks(name: string): Problem {
  return {
    severity: "error",
    code: "disk-denied",
    message: `The disk ${name} cannot be had: nothing can be kept here.`,
    advice: "Keep the write layer in memory (write=ram).",
  };
}

export function diskRefused({ code, message, advice }: DiskRefusal): Problem {
  return { severity: "error", code: `disk-${code}`, message, advice };
}

/** What the guest was told as an error of its disk, or what keeps the disk from being opened. */
export function diskFailed(name: string, { code, message }: DiskError): Problem {
  switch (code) {
    case "full":
      return {
        severity: "warning",
        code: "disk-full",
        message: `The disk ${name} could not be written to: there is no room left where it is kept. The system was told so; what it wrote before is there.`,
        advice: "Delete another disk or free space on this computer, then reset the machine.",
      };
    case "damaged":
      return {
        severity: "error",
        code: "disk-damaged",
        message,
        advice: `Delete or reset the disk ${name}, or put another one in its place.`,
      };
    case "failed":
      return {
        severity: "error",
        code: "disk-failed",
        message,
        advice: "Download the disk while it can be read, and see whether this computer's own disk is sound.",
      };
    default:
      return code satisfies never;
  }
}

export function diskOfOtherExport(name: string, before: ExportIdentity, now: ExportIdentity): Problem {
  const what =
    before.name !== now.name
      ? `the export ${before.name}, and not over ${now.name}`
      : `another image of the export ${now.name} than the server has now`;
  return {
    severity: "error",
    code: "disk-other-export",
    message: `The disk ${name} holds what was written over ${what}: laid over this one, its files would be mixed with others that they were never changed from.`,
    advice:
      "Choose or create another disk, reset this one, or say that you want it all the same: `overother=1` in the page's address, `--write-over-other` on the command line.",
    milestone: "root-mounted",
  };
}

export function diskUnchecked(name: string, exportName: string): Problem {
  return {
    severity: "warning",
    code: "disk-unchecked",
    message: `Whether the disk ${name} belongs to the export ${exportName} could not be seen: this relay does not say what it is.`,
    advice: "Use a disk with one image only; over another one its files make no sense.",
  };
}
