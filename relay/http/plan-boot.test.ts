import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planBoot } from "./plan-boot.ts";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-boot-"));
  await mkdir(join(tree, "tftpboot"));
});
afterEach(() => rm(tree, { recursive: true }));

describe("what a machine boots from its network card", () => {
  it("is the tree's pxelinux.0, and nothing where there is none", async () => {
    expect(await planBoot(join(tree, "tftpboot"), {})).toEqual({ pxe: {}, notices: [] });
    await writeFile(join(tree, "tftpboot/pxelinux.0"), "");
    expect(await planBoot(join(tree, "tftpboot"), {})).toEqual({ pxe: { file: "pxelinux.0" }, notices: [] });
  });

  it("is what netroot.toml says, and a person is told what is not there", async () => {
    await writeFile(join(tree, "tftpboot/pxelinux.0"), "");
    await writeFile(join(tree, "tftpboot/lpxelinux.0"), "");
    const plan = await planBoot(join(tree, "tftpboot"), {
      file: "/lpxelinux.0",
      ipxe: "http://10.86.0.1/menu.ipxe",
      config: "../config",
      prefix: "/",
    });
    expect(plan.pxe).toEqual({
      file: "/lpxelinux.0",
      ipxeFile: "http://10.86.0.1/menu.ipxe",
      configFile: "../config",
      pathPrefix: "/",
    });
    expect(plan.notices.map(({ message }) => message)).toEqual([
      `boot.config of netroot.toml names ../config, which is not in ${tree}/tftpboot: a machine that boots from its network card will not find it.`,
    ]);
    expect((await planBoot(join(tree, "tftpboot"), { file: "gone.0" })).notices).toMatchObject([
      { code: "boot-file-missing" },
    ]);
  });

  it("is a script for iPXE where there is something to make it of, unless netroot.toml says otherwise", async () => {
    const script = "http://10.86.0.1/netroot.ipxe";
    expect((await planBoot(join(tree, "tftpboot"), {}, script)).pxe).toEqual({});
    await mkdir(join(tree, "tftpboot/installer/pxelinux.cfg"), { recursive: true });
    const file = "installer/pxelinux.0";
    expect((await planBoot(join(tree, "tftpboot"), { file }, script)).pxe).toEqual({
      file,
      ipxeFile: script,
    });
    expect((await planBoot(join(tree, "tftpboot"), {}, script)).pxe).toEqual({});
    await mkdir(join(tree, "tftpboot/pxelinux.cfg"));
    expect((await planBoot(join(tree, "tftpboot"), {}, script)).pxe).toEqual({ ipxeFile: script });
    expect((await planBoot(join(tree, "tftpboot"), { ipxe: false }, script)).pxe).toEqual({});
    expect((await planBoot(join(tree, "tftpboot"), { ipxe: "menu.ipxe" }, script)).pxe).toEqual({
      ipxeFile: "menu.ipxe",
    });
    expect((await planBoot(join(tree, "tftpboot"), { ipxe: "netroot.ipxe" })).notices).toEqual([]);
  });

  it("is no iPXE that loads itself again and again", async () => {
    await writeFile(join(tree, "tftpboot/undionly.kpxe"), "");
    await writeFile(join(tree, "tftpboot/menu.ipxe"), "");
    const file = "undionly.kpxe";
    expect((await planBoot(join(tree, "tftpboot"), { file })).notices).toMatchObject([{ code: "boot-loop" }]);
    expect((await planBoot(join(tree, "tftpboot"), { file, ipxe: "menu.ipxe" })).notices).toEqual([]);
  });
});
