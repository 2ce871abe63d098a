import { describe, expect, it } from "vitest";
import { type BuildProgress, KiwiProgress, relevantLines, STEPS } from "./progress.ts";

/** Lines of a real kiwi 9.24.56 build, one or more of each kind, in their order. */
const REAL_LOG = `[ INFO    ]: 02:30:55 | Preparing new root system
[ INFO    ]: 02:30:55 | Setup root directory: /var/tmp/netroot-image-build/result/build/image-root
[ DEBUG   ]: 02:30:55 | EXEC: [mountpoint -q /var/tmp/netroot-image-build/result/build/image-root]
[ INFO    ]: 02:30:56 | Using package manager backend: apt
[ INFO    ]: 02:30:56 | Installing bootstrap packages
[ INFO    ]: 02:30:56 | --> package: ca-certificates
[ DEBUG   ]: 02:31:05 | bootstrap: I: Retrieving libgpg-error0 1.46-1
[ DEBUG   ]: 02:31:05 | bootstrap: I: Validating libgpg-error0 1.46-1
[ DEBUG   ]: 02:31:20 | bootstrap: I: Extracting libgpg-error0...
[ DEBUG   ]: 02:31:30 | bootstrap: I: Unpacking libgpg-error0:i386...
[ DEBUG   ]: 02:31:40 | bootstrap: I: Configuring libgpg-error0:i386...
[ INFO    ]: 02:31:47 | Installing system (chroot) for build type: kis
[ DEBUG   ]: 02:31:55 | system: Unpacking linux-image-686 (6.1.176-1) ...
[ DEBUG   ]: 02:31:58 | system: Setting up linux-image-686 (6.1.176-1) ...
[ DEBUG   ]: 02:32:05 | EXEC: [chroot /var/tmp/netroot-image-build/result/build/image-root image/config.sh]
[ INFO    ]: 02:32:05 | Calling config.sh script
[ INFO    ]: 02:32:06 | Creating system image
[ INFO    ]: 02:32:07 | Creating root filesystem image
[ INFO    ]: 02:32:07 | Creating squashfs filesystem
[ INFO    ]: 02:32:35 | Creating boot image
[ INFO    ]: 02:32:36 | Creating generic dracut initrd archive
[ DEBUG   ]: 02:32:50 | EXEC: [bash -c tar -C /var/tmp/netroot-image-build/result --xattrs --xattrs-include=* -c --to-stdout x.kernel | xz -f -0 --threads=0 > x.tar.xz]`.split(
  "\n",
);

function follow(lines: readonly string[]): BuildProgress[] {
  const progress = new KiwiProgress();
  return lines.map((line) => progress.line(line)).filter((shown) => shown !== undefined);
}

describe("the progress of a build", () => {
  it("goes through every step once, in order", () => {
    const steps = follow(REAL_LOG).map((shown) => shown.step);
    expect([...new Set(steps)]).toEqual(STEPS.map((_, index) => index + 1));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it("never goes backwards and stays within the whole", () => {
    const fractions = follow(REAL_LOG).map((shown) => shown.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(0)).toBe(0);
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
    expect(fractions.at(-1)).toBeLessThan(1);
  });

  it("names the package that is being worked on", () => {
    const details = follow(REAL_LOG).map((shown) => shown.detail);
    expect(details).toContain("Retrieving libgpg-error0");
    expect(details).toContain("Setting up linux-image-686");
    expect(details).not.toContain("Validating libgpg-error0");
  });

  it("does not overrun a step that has more lines than usual", () => {
    const many = Array.from(
      { length: 5000 },
      () => "[ DEBUG   ]: 02:31:20 | bootstrap: I: Extracting foo...",
    );
    const shown = follow([...REAL_LOG.slice(0, 6), ...many]);
    const bootstrapEnds =
      (STEPS[0]!.weight + STEPS[1]!.weight) / STEPS.reduce((sum, step) => sum + step.weight, 0);
    expect(shown.at(-1)!.fraction).toBeCloseTo(bootstrapEnds, 10);
  });

  it("takes nothing that a package says for the beginning of a step", () => {
    const shown = follow([
      ...REAL_LOG.slice(0, 12),
      "[ DEBUG   ]: 02:31:55 | system: Creating root filesystem image",
    ]);
    expect(shown.at(-1)!.step).toBe(3);
  });

  it("says that it waits for another build", () => {
    const shown = follow(["[ INFO    ]: netroot: waiting for another image build on this machine"]);
    expect(shown).toHaveLength(1);
    expect(shown[0]).toMatchObject({ step: 1, detail: "waiting for another image build on this machine" });
  });
});

describe("the relevant lines of a failed build's log", () => {
  it("begin at kiwi's last error", () => {
    const log = `[ DEBUG   ]: 02:23:09 | EXEC: [chroot /x systemd-firstboot --locale=en_US.UTF-8]
[ DEBUG   ]: 02:23:09 | EXEC: Failed with stderr: Locale en_US.UTF-8 is not installed.
[ INFO    ]: 02:23:09 | Setting up locale: en_US.UTF-8
[ ERROR   ]: 02:23:09 | KiwiCommandError: chroot: stderr: Locale en_US.UTF-8 is not installed.
, stdout: (no output on stdout)
[ DEBUG   ]: 02:23:09 | EXEC: [umount -l /x/proc]
[ INFO    ]: 02:23:09 | Cleaning up SystemPrepare instance
`;
    expect(relevantLines(log)).toEqual([
      "[ ERROR   ]: 02:23:09 | KiwiCommandError: chroot: stderr: Locale en_US.UTF-8 is not installed.",
      ", stdout: (no output on stdout)",
      "[ INFO    ]: 02:23:09 | Cleaning up SystemPrepare instance",
    ]);
  });

  it("are the last ones where nothing calls itself an error", () => {
    const log = Array.from({ length: 40 }, (_, index) => `line ${index}`).join("\n");
    expect(relevantLines(log, 3)).toEqual(["line 37", "line 38", "line 39"]);
  });
});
