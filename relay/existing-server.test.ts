import { createHash, randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { NBD_PORT } from "../net/nbd/constants.ts";
import { GuestNbd, hashDevice } from "./client/guest-nbd.ts";
import { SyntheticGuest } from "./client/synthetic-guest.ts";
import { ConfigurationError } from "./config/configuration.ts";
import { BootTreeError } from "./http/boot-tree.ts";
import { telltaleKernel } from "./kernel-tests/telltale-kernel.ts";
import { silentLogger } from "./log.ts";
import { type Relay, type RelayOptions, startRelay } from "./serve.ts";

const INSTALLER = fileURLToPath(new URL("../net/pxelinux/corpus/installer-tree", import.meta.url));

/** A machine's /srv and /etc, as an administrator has filled them. */
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const IMAGE = randomBytes(1024 * 1024);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-existing-"));
  // nbd-server gives its rights up, and has to find the images all the same.
  await chmod(folder, 0o755);
  const programs = ["/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/syslinux/modules/bios/ldlinux.c32"];
  await cp(INSTALLER, at("srv/tftpboot"), { recursive: true });
  for (const program of programs) await cp(program, at("srv/tftpboot", program.split("/").at(-1)!));
  await writeFile(at("srv/tftpboot/debian-installer/linux"), telltaleKernel());
  await writeFile(at("srv/tftpboot/debian-installer/initrd.gz"), "an initrd");
  await mkdir(at("srv/images"));
  await writeFile(at("srv/images/class.squashfs"), IMAGE);
  await writeFile(at("srv/images/lab.img"), IMAGE.subarray(0, 512 * 1024));
  await mkdir(at("etc/nbd-server/conf.d"), { recursive: true });
  // As Debian's package leaves it, and with what an administrator adds.
  await writeFile(
    at("etc/nbd-server/config"),
    `[generic]
# If you want to run everything as root rather than the nbd user, you
# may either say "root" in the two following lines, or remove them
# altogether. Do not remove the [generic] section, however.
	user = nbd
	group = nbd
	includedir = ${at("etc/nbd-server/conf.d")}
	allowlist = true

# What follows are export definitions.
[class]
	exportname = ${at("srv/images/class.squashfs")}
	readonly = true
	copyonwrite = false
`,
  );
  await writeFile(
    at("etc/nbd-server/conf.d/lab.conf"),
    `[lab]\n\texportname = ${at("srv/images/lab.img")}\n\treadonly = true\n`,
  );
  await writeFile(at("etc/nbd-server/conf.d/lab.conf.dpkg-old"), "[old]\nexportname = /nowhere\n");
});
afterEach(() => rm(folder, { recursive: true }));

/** Every file with what is in it, and when it, or its folder, was changed last. */
async function snapshot(): Promise<unknown[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const { mtimeMs, mode, isFile } = await stat(at(name)).then((one) => ({
        mtimeMs: one.mtimeMs,
        mode: one.mode,
        isFile: one.isFile(),
      }));
      const content = isFile
        ? createHash("sha256")
            .update(await readFile(at(name)))
            .digest("hex")
        : "";
      return [name, mtimeMs, mode, content];
    }),
  );
}

async function start(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const parts = { tftpboot: at("srv/tftpboot"), nbdConfig: at("etc/nbd-server/config") };
  const relay = await startRelay({
    tree: at("no-tree"),
    parts,
    listen: { port: 0 },
    logger: silentLogger,
    ...options,
  });
  onTestFinished(() => relay.close());
  return relay;
}

it("an existing tftpboot folder and nbd-server configuration are served as they are, and stay as they are", async () => {
  const before = await snapshot();
  const relay = await start();
  await vi.waitFor(() => expect(relay.status().exports.every(({ state }) => state === "ready")).toBe(true), {
    timeout: 30_000,
  });
  expect(relay.status()).toMatchObject({
    menu: { file: "pxelinux.cfg/default" },
    exports: [
      {
        name: "class",
        sizeBytes: IMAGE.length,
        readOnly: true,
        description: expect.stringMatching(/^nbd-server on /),
      },
      { name: "lab", sizeBytes: IMAGE.length / 2 },
    ],
  });

  const guest = await SyntheticGuest.connect({ url: `${relay.url.replace("http", "ws")}wire` });
  onTestFinished(() => guest.close());
  const { server } = await guest.acquire();
  const device = await GuestNbd.open(
    (handler) => guest.station.connect({ address: server, port: NBD_PORT }, handler),
    "class",
  );
  expect(await hashDevice(device)).toBe(createHash("sha256").update(IMAGE).digest("hex"));

  const page = await fetch(`${relay.url}tftpboot/debian-installer/boot-screens/menu.cfg`);
  expect(await page.text()).toContain("menu title Installer boot menu");
  const script = await get(guest, server, "/netroot.ipxe");
  expect(script).toContain("menu -- Installer boot menu\n");
  expect(script).toContain("item --key i entry-0 Install\n");
  expect(script).toContain("item --key a menu-1 Advanced options ...\n");
  expect(script).toContain(
    "kernel /debian-installer/linux vga=788 initrd=initrd.gz --- quiet || goto failed\n",
  );

  await relay.close();
  expect(await snapshot()).toEqual(before);
});

/** What port 80 answers. */
async function get(guest: SyntheticGuest, address: number, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    const stream = guest.station.connect(
      { address, port: 80 },
      {
        data: (bytes) => void pieces.push(bytes),
        end: () => stream.end(),
        drained: () => {},
        closed: () => resolve(),
      },
    );
    stream.write(Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`));
  });
  return Buffer.concat(pieces).toString();
}

it("netroot.toml says where they are as well", async () => {
  await mkdir(at("tree"));
  await writeFile(
    at("tree/netroot.toml"),
    '[tree]\ntftpboot = "../srv/tftpboot"\nnbd_config = "../etc/nbd-server/config"\n',
  );
  const relay = await start({ tree: at("tree"), parts: {} });
  expect(relay.status().menu).toEqual({ file: "pxelinux.cfg/default", prefix: "" });
  expect(relay.status().exports.map(({ name }) => name)).toEqual(["class", "lab"]);
});

it("one that is not there is said to be missing", async () => {
  const nbdConfig = at("etc/nbd-server/config");
  await expect(start({ parts: { tftpboot: at("nowhere") } })).rejects.toThrow(BootTreeError);
  await expect(start({ parts: { nbdConfig } })).rejects.toThrow(/There is no boot tree at .*no-tree/);
  const tftpboot = at("srv/tftpboot");
  await expect(start({ parts: { tftpboot, nbdConfig: at("nowhere") } })).rejects.toThrow(ConfigurationError);
});
