import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNetascii } from "../../net/tftp/netascii.ts";
import { openBootFiles } from "../tftp/boot-files.ts";
import { type BootServerLab, bootServerLab } from "./boot-server-lab.ts";

const SERVER = "10.86.0.1";
const LINES = "DEFAULT linux\nLABEL linux\r\n\n\tkernel boot/linux\r";

let lab: BootServerLab;
let file: (name: string) => string;
beforeAll(async () => {
  let root = "";
  lab = await bootServerLab({ tftp: { open: (path, client) => openBootFiles(root)(path, client) } });
  root = join(lab.directory, "tftpboot");
  file = (name) => join(root, name);
  mkdirSync(file("pxelinux.cfg"), { recursive: true });
  writeFileSync(file("pxelinux.cfg/default"), LINES);
  writeFileSync(file("linux"), randomBytes(1_000_001));
  writeFileSync(file("blocks"), randomBytes(64 * 512));
  writeFileSync(file("many"), randomBytes(65_537 * 8 + 5));
  writeFileSync(file("empty"), "");
  writeFileSync(join(lab.directory, "secret"), "secret");
  symlinkSync("linux", file("vmlinuz"));
  symlinkSync("../secret", file("out"));
  symlinkSync(lab.directory, file("folder"));
  await lab.configure();
});
afterAll(() => lab?.close());

const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

type Client = (
  name: string,
  local: string,
  options?: Readonly<Record<string, string>>,
) => readonly [command: string, ...args: string[]];

/** The clients, each as it is told to fetch a file. */
const hpa: Client = (name, local) => ["tftp", "-m", "binary", SERVER, "-c", "get", name, local];
const atftp: Client = (name, local, options = {}) => [
  "atftp",
  ...Object.entries(options).flatMap(([option, value]) => ["--option", `${option} ${value}`]),
  ...["--get", "--remote-file", name, "--local-file", local, SERVER],
];
const curl: Client = (name, local, options = {}) => [
  "curl",
  ...["--silent", "--show-error", "--path-as-is", "--output", local],
  ...(options.blksize === undefined ? [] : ["--tftp-blksize", options.blksize]),
  `tftp://${SERVER}/${name}`,
];
const clients = { "tftp-hpa": hpa, atftp, curl };

async function fetchWith(client: Client, name: string, options?: Readonly<Record<string, string>>) {
  const local = join(lab.directory, `fetched-${randomBytes(4).toString("hex")}`);
  const [command, ...args] = client(name, local, options);
  return { local, ...(await lab.inside.run(command, args)) };
}

/** Fetches a file and tells what came, or what the client said instead. */
async function expectSame(client: Client, name: string, options?: Readonly<Record<string, string>>) {
  const { local, code, stdout, stderr } = await fetchWith(client, name, options);
  // atftp repeats the options that it was given, and tells of blocks that came again.
  const said = (stdout + stderr).replace(/^(Option|got wrong block) .*\n/gm, "");
  expect({ code, said }).toEqual({ code: 0, said: "" });
  expect(hash(local)).toBe(hash(file(name)));
}

describe.each(Object.entries(clients))("%s", (which, client) => {
  it.each(["linux", "blocks", "vmlinuz", "/linux", "pxelinux.cfg/default", "many"])("fetches %s", (name) =>
    expectSame(client, name),
  );

  // curl takes a tsize of 0 for an error, whoever sends it.
  it.skipIf(which === "curl")("fetches an empty file", () => expectSame(client, "empty"));

  it.each([
    ["gone", /There is no gone/],
    ["LINUX", /There is no LINUX/],
    ["pxelinux.cfg", /pxelinux\.cfg is no file/],
    ["../secret", /outside the boot tree/],
    ["pxelinux.cfg/../../secret", /outside the boot tree/],
    ["/../secret", /outside the boot tree/],
    ["out", /leads out of its folder/],
    ["folder/secret", /leads out of its folder/],
    ["/etc/passwd", /There is no etc\/passwd/],
    ["pxelinux.cfg\\default", /There is no pxelinux\.cfg/],
  ])("is refused %s in words", async (name, words) => {
    const { counters } = lab.server;
    const before = counters.tftp!.refused;
    const { code, stdout, stderr } = await fetchWith(client, name);
    // curl keeps the words to itself, and tftp-hpa its exit code.
    if (which === "curl") expect(code).not.toBe(0);
    else expect(stdout + stderr).toMatch(words);
    expect(counters.tftp!.refused).toBe(before + 1);
  });
});

describe("netascii", () => {
  it("comes back as it was from tftp-hpa, which translates", async () => {
    const ascii: Client = (name, local) => ["tftp", "-m", "netascii", SERVER, "-c", "get", name, local];
    await expectSame(ascii, "pxelinux.cfg/default");
    await expectSame(ascii, "linux");
  });

  it("comes as it is on the wire from curl, which does not", async () => {
    const { local, code } = await fetchWith(
      (name, to) => curl(`${name};mode=netascii`, to),
      "pxelinux.cfg/default",
    );
    expect(code).toBe(0);
    expect(readFileSync(local)).toEqual(
      Buffer.from(encodeNetascii(readFileSync(file("pxelinux.cfg/default")))),
    );
  });
});

describe("the options", () => {
  it.each([8, 9, 511, 512, 1024, 1432, 1468, 1469, 4096, 8192, 16384, 32768, 65464])(
    "atftp and curl fetch with blocks of %d bytes",
    async (blksize) => {
      const name = blksize < 512 ? "blocks" : "linux";
      const blocks = Math.floor(statSync(file(name)).size / blksize) + 1;
      for (const client of [atftp, curl]) {
        const { dataSent, retransmissions } = lab.server.counters.tftp!;
        await expectSame(client, name, { blksize: String(blksize) });
        const { tftp } = lab.server.counters;
        expect(tftp!.dataSent - dataSent - (tftp!.retransmissions - retransmissions)).toBe(blocks);
      }
    },
  );

  it("atftp fetches more blocks than there are numbers", () => expectSame(atftp, "many", { blksize: "8" }));

  it.each(["2", "4", "16", "64"])("atftp fetches with a window of %s blocks", async (windowsize) => {
    const { tftp } = lab.server.counters;
    await quiet();
    const before = { ...tftp! };
    await expectSame(atftp, "linux", { windowsize, blksize: "1428", tsize: "enable", timeout: "2" });
    // A client is gone before its last acknowledgment is here.
    await quiet();
    expect(tftp!.completed).toBe(before.completed + 1);
    expect(tftp!.dataSent).toBe(before.dataSent + 701);
  });

  it("curl fetches without any", () =>
    expectSame((name, local) => [...curl(name, local), "--tftp-no-options"], "linux"));
});

describe("at the same time", () => {
  it("eight clients fetch, and each gets its own file", async () => {
    await Promise.all(
      [atftp, curl, hpa, atftp, curl, hpa, atftp, curl].map((client, index) =>
        expectSame(client, index % 2 === 0 ? "linux" : "blocks"),
      ),
    );
    expect(lab.server.counters.tftp!.refusedBusy).toBe(0);
  });
});

describe("over a wire that loses each twentieth of the client's packets, and doubles each tenth", () => {
  it.each<[string, Client, Record<string, string>]>([
    ["tftp-hpa", hpa, {}],
    ["curl", curl, { blksize: "1468" }],
    ["atftp", atftp, { blksize: "256", windowsize: "4", timeout: "1" }],
  ])("%s fetches a file all the same", async (_, client, options) => {
    let packets = 0;
    lab.intercept((frame) => {
      packets++;
      if (packets % 10 === 5) lab.server.receive(frame);
      return packets % 20 === 19;
    });
    const { retransmissions, staleAcks } = lab.server.counters.tftp!;
    await expectSame(client, "blocks", options);
    lab.intercept(() => false);
    const { tftp } = lab.server.counters;
    expect(tftp!.retransmissions).toBeGreaterThan(retransmissions);
    expect(tftp!.staleAcks).toBeGreaterThan(staleAcks);
  });
});

describe("a client that writes", () => {
  it("is refused in words, and nothing is written", async () => {
    const { counters } = lab.server;
    const put = await lab.inside.run("atftp", [
      ...["--put", "--local-file", file("linux"), "--remote-file", "new", SERVER],
    ]);
    expect(put.stdout + put.stderr).toMatch(/only gives files/);
    expect(counters.tftp!.refusedOperations).toBe(1);
    expect(existsSync(file("new"))).toBe(false);
  });
});

/** Resolves once the server counts nothing more. */
async function quiet(): Promise<void> {
  for (let before = ""; ; ) {
    const now = JSON.stringify(lab.server.counters.tftp);
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
