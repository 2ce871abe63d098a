import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parseMac } from "../../net/ethernet/mac.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { configNames } from "../../net/pxelinux/lookup.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import { readPxelinux } from "../../net/pxelinux/read.ts";
import { commandLine } from "../../net/pxelinux/sysappend.ts";
import { PxelinuxLab } from "./pxelinux-lab.ts";
import { telltaleKernel } from "./telltale-kernel.ts";

const CORPUS = join(import.meta.dirname, "../../net/pxelinux/corpus");
const MAIN = "pxelinux.cfg/default";
const PAGE_BYTES = 4096;

/** qemu's own choice for its first card, and its user network. */
const MAC = parseMac("52:54:00:12:34:56")!;
const ADDRESS = parseIpv4("10.0.2.15")!;
const UUID = "b8945908-d6a6-41a9-611d-74a6ab80b83d";
/** As its bytes stand in qemu's SMBIOS table, whose first three fields have the lowest byte first. */
const UUID_BYTES = "085994b8-a6d6-a941-611d-74a6ab80b83d";
const FACTS = {
  ip: {
    client: ADDRESS,
    server: parseIpv4("10.0.2.2")!,
    gateway: parseIpv4("10.0.2.2")!,
    netmask: parseIpv4("255.255.255.0")!,
  },
  mac: MAC,
  uuid: UUID_BYTES,
};

/** Files of the corpus in which something boots a Linux kernel when nobody touches a key. */
const UNATTENDED = [
  "documented-network-root",
  "one-line-default",
  "bare-label",
  "prompt-short",
  "total-timeout",
  "menu-old-style",
  "menu-default-without-ui",
  "menu-ontimeout",
  "menu-headings",
  "menu-shiftkey",
  "default-in-submenu",
  "menu-start",
  "tagged-includes",
  "append-dash",
  "initrd-twice",
  "initrd-list",
  "kernel-with-words",
  "default-with-words",
  "ipappend",
  "sysappend-hex",
  "duplicate-labels",
  "case-of-things",
  "dos-line-ends",
  "implicit-kernel",
];

const labs: PxelinuxLab[] = [];
function lab(): PxelinuxLab {
  const made = new PxelinuxLab();
  labs.push(made);
  return made;
}
afterEach(() => {
  for (const made of labs.splice(0)) made.close();
});

/** Where a file that a config names goes: all of them are in the tree. */
function pathOf(name: string): string {
  const place = treePath(name);
  if (!place.ok) throw new Error(`${name} is not in the tree: this file of the corpus is not for here.`);
  return place.path;
}

/** Lays a file of the corpus out for the real PXELINUX, with a kernel for each entry, and says what we would boot. */
async function prepare(name: string) {
  const made = lab();
  const folder = join(CORPUS, name);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) made.copy(folder);
  else made.write(MAIN, readFileSync(`${folder}.cfg`));
  const text = (path: string) => readFileSync(join(made.tree, path), "utf8");
  const config = await readPxelinux({ name: MAIN, text: text(MAIN) }, async (path) => ({ text: text(path) }));
  const { unattended, entries } = config;
  for (const { kernel } of entries) if (kernel !== undefined) made.write(pathOf(kernel), telltaleKernel());
  // Whole pages, which PXELINUX does not pad, and no two sums alike.
  const initrds = [...new Set(entries.flatMap((entry) => entry.initrds))];
  const bytes = new Map(initrds.map((initrd, index) => [initrd, PAGE_BYTES << index]));
  for (const [initrd, size] of bytes) made.write(pathOf(initrd), new Uint8Array(size));
  const entry = entries.find(({ label }) => unattended.kind === "boot" && label === unattended.label);
  if (unattended.kind !== "boot" || entry?.kernel === undefined)
    throw new Error(`${name} boots no kernel by itself: this file of the corpus is not for here.`);
  return {
    made,
    expected: {
      commandLine: `BOOT_IMAGE=${entry.kernel} ${commandLine(entry, FACTS, unattended.more)}`.trim(),
      initrdBytes: entry.initrds.reduce((sum, initrd) => sum + bytes.get(initrd)!, 0),
    },
  };
}

describe("the real pxelinux.0 in qemu-system-i386", () => {
  it.each(UNATTENDED)("boots from %s what we say it boots", async (name) => {
    const { made, expected } = await prepare(name);
    expect(await made.boot(AbortSignal.timeout(50_000), UUID)).toEqual(expected);
  });

  // Of the shortened addresses two are enough to tell the rule.
  it.each([0, 1, 3, 10])(
    "looks for its config under the names that we look for, from number %i on",
    async (first) => {
      const made = lab();
      made.write("linux", telltaleKernel());
      const names = configNames({ uuid: UUID_BYTES, mac: MAC, address: ADDRESS });
      for (const name of names.slice(first))
        made.write(name, `DEFAULT linux\nLABEL linux\nAPPEND from=${name}\n`);
      const { commandLine } = await made.boot(AbortSignal.timeout(50_000), UUID);
      expect(commandLine).toBe(`BOOT_IMAGE=linux from=${names[first]}`);
    },
  );
});
