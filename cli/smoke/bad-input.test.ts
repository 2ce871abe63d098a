import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

const NETROOT = fileURLToPath(new URL("../../bin/netroot.mjs", import.meta.url));

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-bad-"));
  await writeFile(at("kernel"), bzImage(0));
  await writeFile(at("kernel-64"), bzImage(1));
  await writeFile(at("kernel-cut"), bzImage(0).subarray(0, 8192));
  await writeFile(at("text"), "no kernel at all\n".repeat(100));
  await writeFile(at("empty"), "");
  await writeFile(at("initrd"), "an initrd");
  await writeFile(at("cut.squashfs"), squashfs(1_000_000));
  const tree = at("tree");
  await mkdir(join(tree, "tftpboot/pxelinux.cfg"), { recursive: true });
  await writeFile(
    join(tree, "tftpboot/pxelinux.cfg/default"),
    "LABEL here\nKERNEL linux\nAPPEND initrd=initrd root=overlay:nbd=10.86.0.1:kisroot\nLABEL gone\nKERNEL boot/none\nLABEL disk\nLOCALBOOT 0\n",
  );
  await writeFile(join(tree, "tftpboot/linux"), bzImage(0));
  await writeFile(join(tree, "tftpboot/initrd"), "an initrd");
  await cp(tree, at("slip"), { recursive: true });
  await writeFile(at("slip/netroot.toml"), "[listen]\nprot = 1\n");
  await mkdir(at("menuless/tftpboot"), { recursive: true });
  await cp(tree, at("cut"), { recursive: true });
  await mkdir(at("cut/exports"));
  await cp(at("cut.squashfs"), at("cut/exports/kisroot.squashfs"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The header of a bzImage (boot protocol 2.15) and zeros. @param xloadflags bit 0: a 64-bit entry point */
function bzImage(xloadflags: number): Buffer {
  const image = Buffer.alloc(64 * 1024);
  image[0x1f1] = 3;
  image.writeUInt32LE((image.length - 4 * 512) / 16, 0x1f4);
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write("HdrS", 0x202);
  image.writeUInt16LE(0x20f, 0x206);
  image[0x211] = 1;
  image.writeUInt16LE(xloadflags, 0x236);
  image.writeUInt32LE(2047, 0x238);
  return image;
}

function squashfs(bytesUsed: number): Buffer {
  const image = Buffer.alloc(4096);
  image.write("hsqs");
  image.writeBigUInt64LE(BigInt(bytesUsed), 40);
  return image;
}

function smoke(...argv: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const args = argv.map((arg) => arg.replace("@", `${folder}/`));
    execFile(process.execPath, [NETROOT, "smoke", ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

describe("netroot smoke, asked for what cannot be,", () => {
  it.each([
    [["@nowhere"], "There is nothing at"],
    [["@slip"], "netroot.toml, line 2: listen.prot is not known here. Did you mean port?"],
    [["@menuless"], "has no tftpboot/pxelinux.cfg/default"],
    [["@cut"], "is a squashfs of 1000000 bytes, and the file has 4096"],
    [["@tree", "--label", "nobody"], "there is: here, gone, disk"],
    [["@tree", "--label", "gone"], "There is no kernel at"],
    [["@tree", "--label", "disk"], "has no Linux kernel"],
    [["@tree", "--root", "aoe"], "and the exports are: none"],
    [["@tree", "--expect", "["], "is no regular expression"],
    [["@tree", "--junit", "@tree"], "is a folder"],
    [["@tree", "--serial-log", "@empty/log"], "cannot be written"],
    [["@tree", "--pcap", "@empty/pcap"], "cannot be written"],
    [["@tree", "--html", "@tree"], "is a folder"],
    [["@tree", "--keep", "sometimes"], "it is always or passing or failing or never"],
    [["@tree", "--baseline", "@none"], "cannot be read"],
    [["@tree", "--baseline", "@text"], "is no report"],
    [["@tree", "--interactive", "--retry", "1"], "--interactive is for one boot"],
    [["--kernel", "@none"], "There is no kernel at"],
    [["--kernel", "@tree"], "is no file"],
    [["--kernel", "@empty"], "is empty"],
    [["--kernel", "@text"], "is not a Linux kernel image"],
    [["--kernel", "@kernel-cut"], "it was cut off"],
    [["--kernel", "@kernel-64"], "--engine qemu"],
    [["--kernel", "@kernel", "--initrd", "@none"], "There is no initrd at"],
    [["--kernel", "@kernel", "--initrd", "@initrd", "--image", "@cut.squashfs"], "it was cut off"],
    [["--kernel", "@kernel", "--root", "nbd"], "the exports are: none"],
  ])("says of %j what is wrong, and exits with 2", async (argv, words) => {
    const { code, stdout, stderr } = await smoke(...argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("    at ");
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
  });

  it("says that no relay answers, and exits with 99", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const { code, stderr } = await smoke("--relay", `http://127.0.0.1:${port}/`);
    expect([code, stderr]).toEqual([
      99,
      `netroot: No relay answers at http://127.0.0.1:${port}/: start it with \`netroot serve\`.\n`,
    ]);
  });

  it.each([
    [200, "<html>", "is no netroot relay"],
    [200, "null", "is no netroot relay"],
    [200, '{"network":{"server":"10.86.0.1"},"exports":[]}', "has no boot menu"],
    [401, "", "demands its token"],
    [500, "", "answered 500"],
  ])("says of a relay that answers %i %j what is wrong", async (status, body, words) => {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, stderr } = await smoke(
      "--relay",
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    );
    expect([2, 99]).toContain(code);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("    at ");
  });
});
