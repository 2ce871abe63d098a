import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseMac } from "../../net/ethernet/mac.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { findMenu } from "./find-menu.ts";

const ADDRESS = parseIpv4("10.86.0.100")!;
let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
});
afterEach(() => rm(tree, { recursive: true }));

async function write(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(tree, "tftpboot", name)), { recursive: true });
    await writeFile(join(tree, "tftpboot", name), "LABEL a\n");
  }
}

it("finds what PXELINUX finds at this address", async () => {
  expect(await findMenu(join(tree, "tftpboot"), {}, ADDRESS)).toBeUndefined();
  await write("pxelinux.cfg/default");
  expect(await findMenu(join(tree, "tftpboot"), {}, ADDRESS)).toEqual({
    file: "pxelinux.cfg/default",
    prefix: "",
  });
  await write("pxelinux.cfg/0A56", "pxelinux.cfg/0A560065");
  expect(await findMenu(join(tree, "tftpboot"), {}, ADDRESS)).toEqual({
    file: "pxelinux.cfg/0A56",
    prefix: "",
  });
  await write("site.cfg");
  expect(await findMenu(join(tree, "tftpboot"), { configFile: "site.cfg" }, ADDRESS)).toEqual({
    file: "site.cfg",
    prefix: "",
  });
});

it("finds the file that is for a card, where the card is known", async () => {
  const mac = parseMac("02:00:00:00:00:64")!;
  await write("pxelinux.cfg/default", "pxelinux.cfg/01-02-00-00-00-00-64");
  expect(await findMenu(join(tree, "tftpboot"), {}, ADDRESS)).toMatchObject({ file: "pxelinux.cfg/default" });
  expect(await findMenu(join(tree, "tftpboot"), {}, ADDRESS, mac)).toMatchObject({
    file: "pxelinux.cfg/01-02-00-00-00-00-64",
  });
});

it("looks beside the boot program, or where option 210 says, and else at the root of the tree", async () => {
  const file = "installer/i386/pxelinux.0";
  await write("pxelinux.cfg/default");
  expect(await findMenu(join(tree, "tftpboot"), { file }, ADDRESS)).toEqual({
    file: "pxelinux.cfg/default",
    prefix: "",
  });
  await write("installer/i386/pxelinux.cfg/default");
  expect(await findMenu(join(tree, "tftpboot"), { file }, ADDRESS)).toEqual({
    file: "installer/i386/pxelinux.cfg/default",
    prefix: "installer/i386",
  });
  expect(await findMenu(join(tree, "tftpboot"), { file, pathPrefix: "/" }, ADDRESS)).toEqual({
    file: "pxelinux.cfg/default",
    prefix: "/",
  });
});

it("does not look outside the tree, nor on another server", async () => {
  expect(
    await findMenu(join(tree, "tftpboot"), { configFile: "../../etc/hostname" }, ADDRESS),
  ).toBeUndefined();
  expect(await findMenu(join(tree, "tftpboot"), { pathPrefix: "tftp://10.0.0.1/" }, ADDRESS)).toBeUndefined();
});
