import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOST_FILES, requireHostFiles } from "./boot-files.ts";
import { importedParameters, importResult } from "./import.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-import-test-"));
  for (const name of ["lab.x86_64-2.1.0", "lab.x86_64-2.1.0.initrd", "lab.x86_64-2.1.0-6.1.0.kernel"]) {
    await writeFile(join(folder, name), `this is ${name}`);
  }
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Without the boot programs of Debian's packages there is no tree to look at. */
const hasHostFiles = (() => {
  try {
    requireHostFiles();
    return true;
  } catch {
    return false;
  }
})();

describe("the tree of somebody's own kiwi result", () => {
  it.skipIf(!hasHostFiles)("has its kernel, initrd and root image in their places", async () => {
    const tree = join(folder, "tree");
    const built = await importResult({ result: folder, tree });
    const read = (path: string) => readFile(join(tree, path), "utf8");
    expect(await read("tftpboot/boot/linux")).toBe("this is lab.x86_64-2.1.0-6.1.0.kernel");
    expect(await read("tftpboot/boot/initrd")).toBe("this is lab.x86_64-2.1.0.initrd");
    expect(await read("exports/kisroot.squashfs")).toBe("this is lab.x86_64-2.1.0");
    expect(await read("tftpboot/pxelinux.cfg/default")).toContain(
      "append initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=tty0 console=ttyS0\n",
    );
    expect(built).toMatchObject({ origin: "import", description: "lab.x86_64-2.1.0" });
    expect(Object.keys(built.record.files)).toHaveLength(HOST_FILES.length + 5);
  });

  it.skipIf(!hasHostFiles)("is not made of a folder that holds something else", async () => {
    await rm(join(folder, "lab.x86_64-2.1.0"));
    const importing = importResult({ result: folder, tree: join(folder, "tree") });
    await expect(importing).rejects.toMatchObject({ code: "incomplete-result" });
    const nowhere = importResult({ result: join(folder, "nowhere"), tree: join(folder, "tree") });
    await expect(nowhere).rejects.toThrow(/nowhere cannot be read/);
  });
});

describe("the kernel parameters of an imported image", () => {
  it("are those of its .append file, but for the root of a disk", () => {
    expect(importedParameters("root=UUID=1234 quiet console=ttyS1\n")).toBe("quiet console=ttyS1");
  });

  it("show the kernel on both consoles where nobody said anything", () => {
    expect(importedParameters("")).toBe("console=tty0 console=ttyS0");
  });
});
