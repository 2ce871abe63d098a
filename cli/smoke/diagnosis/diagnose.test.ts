import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { diagnose } from "./diagnose.ts";
import type { Symptoms } from "./diagnosis.ts";

/** Ends of consoles of real boots, each of an image that was broken in the way of its name. */
const CONSOLES = new URL("consoles/", import.meta.url);

const NBD = "root=overlay:nbd=10.86.0.1:kisroot console=ttyS0";
const SEEN: Symptoms = {
  code: "stalled",
  milestone: "login",
  message: "What was seen.",
  advice: "What is known of it.",
  console: "",
  screen: "",
  append: NBD,
  framesFromGuest: 100,
};

const panic = { code: "kernel-panic", milestone: "network" } as const;
const fatal = { code: "initrd-fatal", milestone: "root-mounted" } as const;

describe("a diagnosis", () => {
  it.each([
    ["initrd-truncated", panic, "initrd-damaged", "initrd", "Initramfs unpacking failed: read error"],
    [
      "initrd-without-init",
      { ...panic, milestone: "initrd" },
      "initrd-missing",
      "initrd",
      "VFS: Unable to mount",
    ],
    [
      "init-ended",
      { ...panic, milestone: "initrd" },
      "kernel-panic",
      "initrd",
      "Attempted to kill init! exit",
    ],
    [
      "root-damaged",
      { ...panic, milestone: "userspace" },
      "root-damaged",
      "userspace",
      "SQUASHFS error: zlib",
    ],
    [
      "write-layer-blank",
      fatal,
      "write-layer-unusable",
      "root-mounted",
      "FATAL: Failed to mount overlay(rw)",
    ],
    ["module-missing", { milestone: "network" }, "module-missing", "root-attached", "can't load module nbd"],
    [
      "shell-is-dash",
      { code: "emergency-shell", milestone: "network" },
      "shell-not-bash",
      "root-attached",
      "kiwi-filesystem-lib.sh: function: not found",
    ],
    ["getty-missing", {}, "getty-missing", "login", "no more processes left"],
    ["network-torn-down", {}, "root-lost", "login", "root (automatic login)"],
    [
      "export-unknown",
      { code: "export-unknown", milestone: "root-attached" },
      "export-unknown",
      "root-attached",
      "FATAL",
    ],
    [
      "aoe-unknown",
      { code: "aoe-unknown", milestone: "root-attached" },
      "aoe-unknown",
      "root-attached",
      undefined,
    ],
  ] as const)(
    "of the console of %s names cause, milestone and line",
    async (name, seen, code, milestone, line) => {
      const console = await readFile(new URL(`${name}.txt`, CONSOLES), "utf8");
      const diagnosis = diagnose({ ...SEEN, ...seen, console });
      expect(diagnosis).toMatchObject({ code, milestone });
      expect(diagnosis.cause).not.toBe("");
      if (line !== undefined) expect(diagnosis.evidence).toContain(line);
    },
  );

  it("was tried on every console that is kept", async () => {
    expect(await readdir(CONSOLES)).toHaveLength(11);
  });

  it("does not take a good console for a bad one: what was seen keeps its own words", async () => {
    const console = await readFile(
      new URL("../../../worker/milestones/consoles/sysvinit.txt", import.meta.url),
      "utf8",
    );
    const upToTheLogin = console
      .split("\n")
      .filter((line) => !line.includes("login:"))
      .join("\n");
    expect(diagnose({ ...SEEN, console: upToTheLogin })).toMatchObject({
      code: "stalled",
      cause: "What is known of it.",
    });
  });

  it("takes a missing driver for the cause only where the root needs it", async () => {
    const console = await readFile(new URL("module-missing.txt", CONSOLES), "utf8");
    const aoe = { ...SEEN, console, milestone: "root-attached", append: "root=overlay:aoe=e0.1" } as const;
    expect(diagnose(aoe)).toMatchObject({ code: "stalled" });
  });

  it("blames the card's driver where a guest that should have its network has never sent a frame", () => {
    const silent = { ...SEEN, milestone: "network", framesFromGuest: 0 } as const;
    expect(diagnose(silent)).toMatchObject({
      code: "network-silent",
      milestone: "network",
      message: "What was seen.",
    });
    expect(diagnose({ ...silent, framesFromGuest: 1 })).toMatchObject({ code: "stalled" });
  });
});
