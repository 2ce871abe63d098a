import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { treePath } from "../net/pxelinux/path.ts";
import { readPxelinux } from "../net/pxelinux/read.ts";
import { configFilesOf } from "../relay/http/config-files.ts";
import { openFirmware } from "../relay/http/firmware.ts";
import { DEFAULT_TREE, EXIT, UsageError } from "./command.ts";

const USAGE = `Usage: netroot doctor [TREE]

Says what is there and what is missing to build an image and to serve it. TREE is ${DEFAULT_TREE} unless given.
Exits with ${EXIT.passed} when everything that serving needs is there, else with ${EXIT.infrastructure}.
`;

/** One thing that was looked at. What is not `needed` has a replacement or serves another purpose. */
interface Finding {
  readonly ok: boolean;
  readonly needed: boolean;
  readonly what: string;
  /** Where it was found; or, where it was not, what it is for and what to do. */
  readonly note: string;
}

export async function doctorCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help === true) {
    process.stdout.write(USAGE);
    return EXIT.passed;
  }
  const tree = positionals[0] ?? DEFAULT_TREE;
  const findings = [...programs(), ...(await firmware(tree)), page(), ...(await bootTree(tree))];
  for (const { ok, needed, what, note } of findings) {
    const mark = ok ? "ok      " : needed ? "MISSING " : "absent  ";
    process.stdout.write(`${mark} ${what}${note === "" ? "" : ` – ${note}`}\n`);
  }
  return findings.some(({ ok, needed }) => needed && !ok) ? EXIT.infrastructure : EXIT.passed;
}

function parse(argv: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" } },
    });
    if (parsed.positionals.length > 1) throw new UsageError("doctor takes one TREE");
    return parsed;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message, { cause: error });
  }
}

function programs(): Finding[] {
  const program = (name: string, note: string): Finding => {
    const path = findProgram(name);
    return { ok: path !== undefined, needed: false, what: name, note: path ?? note };
  };
  return [
    { ok: true, needed: true, what: `Node ${process.versions.node}`, note: "" },
    program("nbd-server", "image files are then read directly; apt install nbd-server"),
    program("kiwi-ng", "needed to build an image; apt install kiwi"),
    program("qemu-system-i386", "the benchmark's measure; apt install qemu-system-x86"),
    program("chromium", "the browser tests; apt install chromium"),
    thing("/dev/net/tun", "/dev/net/tun", false, "the tap of the tests against a real kernel; modprobe tun"),
  ];
}

async function firmware(tree: string): Promise<Finding[]> {
  const names = ["bios.bin", "vgabios.bin"];
  return Promise.all(
    names.map(async (name) => {
      const file = await openFirmware(tree, [name]);
      if (file.ok) await file.handle.close();
      const note = file.ok ? file.path : file.message;
      return { ok: file.ok, needed: true, what: `firmware ${name}`, note };
    }),
  );
}

function page(): Finding {
  const index = fileURLToPath(new URL("../dist/page/index.html", import.meta.url));
  return thing("the built page", index, true, "npm run build makes it");
}

function thing(what: string, path: string, needed: boolean, note: string): Finding {
  const ok = existsSync(path);
  return { ok, needed, what, note: ok ? path : note };
}

async function bootTree(tree: string): Promise<Finding[]> {
  if (!existsSync(tree)) {
    return [{ ok: false, needed: true, what: `boot tree ${tree}`, note: "netroot image build makes one" }];
  }
  const findings: Finding[] = [{ ok: true, needed: true, what: `boot tree ${tree}`, note: "" }];
  const menu = join(tree, "tftpboot/pxelinux.cfg/default");
  const text = await readFile(menu, "utf8").catch(() => undefined);
  findings.push({ ok: text !== undefined, needed: true, what: menu, note: "the boot menu" });
  const config = await readPxelinux(
    { name: "pxelinux.cfg/default", text: text ?? "" },
    configFilesOf(join(tree, "tftpboot")),
  );
  for (const { file, line, text: said, why, kind } of config.reports) {
    if (kind === "slip")
      findings.push({
        ok: false,
        needed: false,
        what: `tftpboot/${file}, line ${line}`,
        note: `${said}: ${why}`,
      });
  }
  for (const entry of config.entries) {
    for (const name of entry.kernel === undefined ? [] : [entry.kernel, ...entry.initrds]) {
      const path = treePath(name, entry.prefix);
      const ok = path.ok && existsSync(join(tree, "tftpboot", path.path));
      findings.push({ ok, needed: true, what: name, note: `boot entry ${entry.label}` });
    }
  }
  const images = existsSync(join(tree, "exports")) ? readdirSync(join(tree, "exports")) : [];
  const note = images.length > 0 ? images.join(", ") : "no root images: no guest will find its root here";
  findings.push({ ok: images.length > 0, needed: false, what: join(tree, "exports"), note });
  return findings;
}

/** Looks where a shell does, and in the folders of system programs, which are not in everybody's PATH. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return undefined;
}
