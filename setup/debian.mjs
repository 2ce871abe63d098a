// Installs the Debian packages that netroot's parts need, when they are missing. Needs no npm package itself.
//   node setup/debian.mjs serve image test
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/**
 * Packages by purpose. dracut is not here on purpose: it conflicts with the initramfs-tools of an ordinary Debian
 * machine, and kiwi runs it inside the image's root only.
 * @type {Readonly<Record<string, { why: string, packages: readonly string[] }>>}
 */
export const sets = {
  serve: {
    why: "the block server and the boot ROMs",
    packages: ["nbd-server", "seabios", "ipxe-qemu", "pxelinux", "syslinux-common"],
  },
  image: {
    why: "kiwi-ng and what it calls to build the image",
    packages: [
      "kiwi",
      "debootstrap",
      "debian-archive-keyring",
      "gpgv",
      "rsync",
      "squashfs-tools",
      "xz-utils",
      "util-linux",
    ],
  },
  test: {
    why: "the browser, the emulator and the network tools that the tests compare with",
    packages: [
      "chromium",
      "fonts-dejavu-core",
      "qemu-system-x86",
      "qemu-utils",
      "nbd-client",
      "nbdkit",
      "vblade",
      "aoetools",
      "libnbd-bin",
      "iproute2",
      "iputils-ping",
      "iputils-arping",
      "isc-dhcp-client",
      "bind9-dnsutils",
      "udhcpc",
      "kea-admin",
      "tftp-hpa",
      "atftp",
      "curl",
      "dnsmasq-base",
      "tcpdump",
      "tshark",
      "python3",
      "python3-websocket",
      "squashfs-tools",
      "xz-utils",
      "e2fsprogs",
    ],
  },
};

/** What ensure() does to the machine; the tests hand in another one. */
const machine = {
  isRoot: () => process.getuid?.() === 0,
  /** @param {string} command */
  has: (command) =>
    (process.env.PATH ?? "").split(":").some((folder) => existsSync(`${folder || "."}/${command}`)),
  /** @param {readonly string[]} packages @returns {string[]} those that are installed */
  installed: (packages) => {
    const query = spawnSync(
      "dpkg-query",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own field syntax
      ["--show", "--showformat", "${Package}\t${db:Status-Status}\n", ...packages],
      { encoding: "utf8" },
    );
    return parseInstalled(query.stdout ?? "");
  },
  /** apt's lists are there and younger than a day. */
  listsAreFresh: () => listsAgeMs("/var/lib/apt/lists", Date.now()) < DAY_MS,
  hasLists: () => Number.isFinite(listsAgeMs("/var/lib/apt/lists", Date.now())),
  /** @param {string[]} command @returns {number} its exit code */
  run: (command) =>
    spawnSync(command[0] ?? "", command.slice(1), {
      stdio: ["inherit", 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    }).status ?? 1,
  /** @param {string} line */
  say: (line) => console.error(line),
};

/** @typedef {typeof machine} Machine */

/**
 * The packages of a set that are not installed, in the set's order.
 * @param {string} set
 * @param {Pick<Machine, "installed">} [on]
 */
export function missing(set, on = machine) {
  const { packages } = named(set);
  const installed = new Set(on.installed(packages));
  return packages.filter((name) => !installed.has(name));
}

/**
 * Installs what is missing of the named sets, after one line that says what and why. Throws an Error whose message
 * says what to install by hand where that cannot be done here.
 * @param {readonly string[]} wanted
 * @param {Machine} [on]
 */
export function ensure(wanted, on = machine) {
  for (const set of wanted) named(set);
  const byHand = (/** @type {readonly string[]} */ packages) =>
    `Install these by hand, then try again: ${packages.join(" ")}`;
  if (!on.has("dpkg-query") || !on.has("apt-get")) {
    const all = unique(wanted.flatMap((set) => named(set).packages));
    throw new Error(
      `This machine has no apt, so netroot cannot install what it needs (Debian names). ${byHand(all)}`,
    );
  }
  const needed = wanted
    .map((set) => ({ why: named(set).why, packages: missing(set, on) }))
    .filter(({ packages }) => packages.length > 0);
  const asRoot = on.isRoot() ? [] : ["sudo", "--preserve-env=DEBIAN_FRONTEND,LC_ALL"];
  if (needed.length === 0) {
    // The image is built from the mirror that apt's lists name, and pinned by them.
    if (wanted.includes("image") && !on.hasLists()) on.run([...asRoot, "apt-get", "update", "-qq"]);
    return;
  }

  const packages = unique(needed.flatMap((set) => set.packages));
  const what = needed.map((set) => `${set.packages.join(" ")} (${set.why})`).join("; ");
  if (!on.isRoot() && !on.has("sudo"))
    throw new Error(
      `Debian packages are missing, and there is no sudo to install them with. ${byHand(packages)}`,
    );
  on.say(`netroot: installing Debian packages with apt: ${what}`);

  // A server that apt installs is started at once unless policy-rc.d forbids it; ours are started by netroot, on
  // ports of its own. A policy that the machine already has is left alone.
  const guard = !packages.includes("nbd-server") || existsSync(POLICY) ? undefined : startNothing(asRoot, on);
  try {
    const install = [...asRoot, "apt-get", "install", "-y", "-qq", "--no-install-recommends", ...packages];
    let updated = false;
    if (!on.listsAreFresh()) {
      // A failure here shows in the installation itself, if it matters at all.
      on.run([...asRoot, "apt-get", "update", "-qq"]);
      updated = true;
    }
    let code = on.run(install);
    if (code !== 0 && !updated) {
      // Lists that are a few hours old can name package files that the mirror no longer has.
      on.run([...asRoot, "apt-get", "update", "-qq"]);
      code = on.run(install);
    }
    if (code !== 0)
      throw new Error(
        `apt-get install failed with exit code ${code}; its message is above. ${byHand(packages)}`,
      );
  } finally {
    guard?.();
  }
  // Not started now, and not at the next boot either: this machine did not ask for a block server of its own.
  if (packages.includes("nbd-server") && on.has("systemctl"))
    on.run([...asRoot, "systemctl", "--quiet", "disable", "nbd-server.service"]);
}

const POLICY = "/usr/sbin/policy-rc.d";

/**
 * @param {string[]} asRoot
 * @param {Machine} on
 * @returns {() => void} takes the policy back
 */
function startNothing(asRoot, on) {
  if (asRoot.length === 0) {
    writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { flag: "wx" });
    chmodSync(POLICY, 0o755);
    return () => rmSync(POLICY, { force: true });
  }
  on.run([...asRoot, "sh", "-c", `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`]);
  return () => void on.run([...asRoot, "rm", "-f", POLICY]);
}

/** @param {string} set */
function named(set) {
  const found = Object.hasOwn(sets, set) ? sets[set] : undefined;
  if (found === undefined)
    throw new Error(`There is no package set "${set}"; there are: ${Object.keys(sets).join(", ")}`);
  return found;
}

/** @param {string} output of dpkg-query @returns {string[]} */
export function parseInstalled(output) {
  return output
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([name, status]) => name && status === "installed")
    .map(([name]) => name ?? "");
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Time since apt last updated its lists; Infinity where it has none.
 * @param {string} folder
 * @param {number} nowMs
 */
export function listsAgeMs(folder, nowMs) {
  if (!existsSync(folder) || !readdirSync(folder).some((file) => file.includes("_Packages"))) return Infinity;
  const touched = [folder, `${folder}/partial`].filter((path) => existsSync(path));
  return nowMs - Math.max(...touched.map((path) => statSync(path).mtimeMs));
}

/** @template T @param {readonly T[]} items */
function unique(items) {
  return [...new Set(items)];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = process.argv.slice(2);
  if (wanted.length === 0 || wanted.some((set) => !Object.hasOwn(sets, set))) {
    console.error(`Usage: node setup/debian.mjs SET...   (sets: ${Object.keys(sets).join(", ")})`);
    process.exit(2);
  }
  try {
    ensure(wanted);
  } catch (error) {
    console.error(`netroot: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(99);
  }
}
