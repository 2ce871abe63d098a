import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { inspectBootTree } from "./boot-tree.ts";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
});
afterEach(() => rm(tree, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(tree, "tftpboot", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

it("finds what is missing behind the files that the menu includes", async () => {
  await write({
    "pxelinux.cfg/default": "INCLUDE menus/one.cfg",
    "menus/one.cfg": "LABEL a\nKERNEL linux\nAPPEND initrd=gone",
    linux: "",
  });
  expect(await inspectBootTree(join(tree, "tftpboot"))).toEqual([
    {
      code: "boot-file-missing",
      message: `The boot entry a names gone, which is not in ${tree}/tftpboot.`,
    },
  ]);
});

it("says each slip with its file and line, and each file of an entry once", async () => {
  await write({
    "pxelinux.cfg/default": "LABEL a\nKERNEL ../linux\nTIMEOUT soon\nINCLUDE menus/one.cfg\nSERIAL 0",
    "menus/one.cfg": "INCLUDE pxelinux.cfg/default\nINCLUDE gone.cfg\nINCLUDE out.cfg",
  });
  await symlink("/etc/hostname", join(tree, "tftpboot/out.cfg"));
  const notices = await inspectBootTree(join(tree, "tftpboot"));
  expect(notices.map(({ code, message }) => [code, message])).toEqual([
    ["boot-file-missing", "The boot entry a names ../linux, which lies outside the boot tree."],
    [
      "menu-slip",
      "tftpboot/pxelinux.cfg/default, line 3, has no effect: TIMEOUT soon – its value is no number; PXELINUX takes it for 0.",
    ],
    [
      "menu-slip",
      "tftpboot/menus/one.cfg, line 1, has no effect: INCLUDE pxelinux.cfg/default – pxelinux.cfg/default includes itself: " +
        "pxelinux.cfg/default → menus/one.cfg → pxelinux.cfg/default.",
    ],
    [
      "menu-slip",
      "tftpboot/menus/one.cfg, line 2, has no effect: INCLUDE gone.cfg – gone.cfg is not included: the boot tree has no such file.",
    ],
    [
      "menu-slip",
      "tftpboot/menus/one.cfg, line 3, has no effect: INCLUDE out.cfg – out.cfg is not included: the boot tree does not give it away.",
    ],
  ]);
});

it("says that a menu is empty, and why it may be", async () => {
  await write({ "pxelinux.cfg/default": "LABLE linux\n" });
  expect((await inspectBootTree(join(tree, "tftpboot"))).map(({ code }) => code)).toEqual([
    "menu-empty",
    "menu-slip",
  ]);
});
