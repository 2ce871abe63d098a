import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kernelParametersOf, listDescriptions, readDescription, stageDescription } from "./description.ts";

const KIS = resolve(import.meta.dirname, "../../kis");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-description-test-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the descriptions of kis/", () => {
  it("are the light one and the one with systemd", async () => {
    expect(await listDescriptions(KIS)).toEqual(["debian-bookworm", "debian-bookworm-systemd"]);
  });

  for (const name of ["debian-bookworm", "debian-bookworm-systemd"]) {
    it(`${name} shows its kernel on both consoles and the serial one last`, async () => {
      const { kernelParameters } = await readDescription(KIS, name);
      const consoles = kernelParameters.split(" ").filter((word) => word.startsWith("console="));
      expect(consoles).toEqual(["console=tty0", "console=ttyS0"]);
    });

    it(`${name} names no mirror`, async () => {
      const { files } = await readDescription(KIS, name);
      const config = files.find((file) => file.path === "config.xml")!;
      const sources = [...(await readFile(config.source, "utf8")).matchAll(/<source path="([^"]*)"/g)];
      expect(sources.map((match) => match[1])).toEqual(["http://mirror.invalid/debian"]);
    });
  }

  it("an unknown one is refused with the names of those there are", async () => {
    await expect(readDescription(KIS, "fedora")).rejects.toThrow("debian-bookworm, debian-bookworm-systemd");
  });
});

describe("a description", () => {
  it("is the common files with its own over them, with modes that no umask has bent", async () => {
    const kis = join(folder, "kis");
    await mkdir(join(kis, "common/root/etc"), { recursive: true, mode: 0o700 });
    await mkdir(join(kis, "own/root/etc"), { recursive: true });
    await writeFile(join(kis, "common/post_bootstrap.sh"), "common", { mode: 0o700 });
    await writeFile(join(kis, "common/root/etc/hostname"), "common", { mode: 0o600 });
    await writeFile(join(kis, "own/root/etc/hostname"), "own", { mode: 0o600 });
    await writeFile(join(kis, "own/config.xml"), '<type kernelcmdline="a=&quot;b&quot; c"/>');
    const description = await readDescription(kis, "own");
    expect(description.files.map((file) => file.path)).toEqual([
      "config.xml",
      "post_bootstrap.sh",
      "root/etc/hostname",
    ]);
    expect(description.kernelParameters).toBe('a="b" c');

    const staged = join(folder, "staged");
    await stageDescription(description, staged);
    const mode = async (path: string) => (await stat(join(staged, path))).mode & 0o777;
    expect(await readFile(join(staged, "root/etc/hostname"), "utf8")).toBe("own");
    expect(await mode("root/etc/hostname")).toBe(0o644);
    expect(await mode("root/etc")).toBe(0o755);
    expect(await mode("root")).toBe(0o755);
    expect(await mode("post_bootstrap.sh")).toBe(0o755);
  });

  it("may have no kernel parameters", () => {
    expect(kernelParametersOf('<image><type image="kis"/></image>')).toBe("");
  });
});
