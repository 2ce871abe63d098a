import type { MilestoneName } from "../../../worker/interface.ts";
import type { Symptoms } from "./diagnosis.ts";

export interface Rule {
  /** What was seen first: the codes of the problems that it explains. */
  readonly after: readonly string[];
  /** A line of the console that must be there; the first such is the evidence. */
  readonly line?: RegExp;
  readonly when?: (symptoms: Symptoms) => boolean;
  /** Where they say more than what was seen first. */
  readonly code?: string;
  readonly milestone?: MilestoneName;
  readonly message?: string;
  /** Likely cause and what to do. */
  readonly cause: string;
}

const WAITED = ["stalled", "timed-out"];
const GAVE_UP = ["emergency-shell", "initrd-fatal"];
const ENDED = ["kernel-panic", "restarted", "guest-halted"];
const ANY = [...WAITED, ...GAVE_UP, ...ENDED];

const isOver = (root: "nbd" | "aoe") => (symptoms: Symptoms) =>
  symptoms.append.includes(`root=overlay:${root}=`);

/** From the most telling to the least. Their console lines are Linux's, dracut's, kiwi-overlay's and init's own words. */
export const RULES: readonly Rule[] = [
  {
    after: ANY,
    line: /Initramfs unpacking failed|junk (?:in compressed archive|within compressed)/,
    code: "initrd-damaged",
    milestone: "initrd",
    message: "The kernel could not unpack its initrd.",
    cause:
      "The initrd is cut off or damaged, or packed in a way that this kernel cannot unpack: compare its size and checksum with what was built, and copy it again.",
  },
  {
    after: GAVE_UP,
    line: /FATAL: Failed to mount overlay\(rw\)/,
    code: "write-layer-unusable",
    milestone: "root-mounted",
    message: "The initrd could not mount what rd.root.overlay.write= names.",
    cause:
      "That device is not there, or holds no filesystem: it is never formatted. Make one on it first (mkfs.ext4), or leave the parameter out for a write layer in memory.",
  },
  {
    after: ANY,
    line: /SQUASHFS error|squashfs.*(?:corrupt|not found)|EXT[234]-fs.*error/i,
    code: "root-damaged",
    message: "The filesystem of the root image has errors.",
    cause:
      "The image is damaged or was cut off: compare its checksum with what was built. A server that reads another file under the same name shows the same.",
  },
  {
    after: [...WAITED, ...GAVE_UP],
    line: /modprobe: (?:FATAL: Module nbd not found|can't load module nbd)/,
    when: isOver("nbd"),
    code: "module-missing",
    milestone: "root-attached",
    message: "The initrd has no nbd driver, so it cannot attach its root.",
    cause:
      'Build the initrd with the module: force_drivers+=" nbd " in dracut.conf.d, and nbd-client beside it.',
  },
  {
    after: [...WAITED, ...GAVE_UP],
    line: /modprobe: (?:FATAL: Module aoe not found|can't load module aoe)/,
    when: isOver("aoe"),
    code: "module-missing",
    milestone: "root-attached",
    message: "The initrd has no aoe driver, so it cannot attach its root.",
    cause: 'Build the initrd with the module: add_drivers+=" aoe " in dracut.conf.d.',
  },
  {
    after: ANY,
    // As dash says it; bash has another way to say it.
    line: /: \d+: (?:\S+: )?(?:Syntax error: |(?:function|\[\[|declare|shopt): not found)/,
    code: "shell-not-bash",
    milestone: "root-attached",
    message: "The initrd's shell cannot read its own scripts.",
    cause:
      'They are written for bash, and /bin/sh in the initrd is dash: build it with dracut\'s module, add_dracutmodules+=" bash " in dracut.conf.d.',
  },
  {
    after: ["kernel-panic", "restarted"],
    line: /VFS: Unable to mount root fs|VFS: Cannot open root device/,
    code: "initrd-missing",
    milestone: "initrd",
    message: "The kernel found no init in its initrd, and no root of its own.",
    cause:
      "The boot entry's initrd= names no initrd, or it is one without /init: build it again, and look at what is in it with lsinitrd.",
  },
  {
    after: ["kernel-panic"],
    line: /No working init found|Requested init .* failed|Attempted to kill init/,
    cause:
      "The first program ended or could not be started: look at the lines before it. A missing library, a wrong init= or rdinit=, and a root of another architecture are the usual causes.",
  },
  {
    after: WAITED,
    line: /INIT: no more processes left in this runlevel/,
    milestone: "login",
    code: "getty-missing",
    message: "The system is up and starts no getty: nothing asks for a login.",
    cause:
      "Nothing in the image opens a console: add a getty on ttyS0 (a line in /etc/inittab, or serial-getty@ttyS0.service).",
  },
  {
    after: WAITED,
    line: /login: \S+ \(automatic login\)/,
    milestone: "login",
    code: "root-lost",
    message: "The login began, and its shell never came.",
    cause:
      "The blocks of the root do not come any more: most likely something in the image takes the network down, or sets it up anew, once the root is mounted. It must leave the interface of a network root alone.",
  },
  {
    after: WAITED,
    when: ({ milestone, framesFromGuest }) =>
      framesFromGuest === 0 && (milestone === "network" || milestone === "dhcp"),
    code: "network-silent",
    cause:
      "The guest has never sent a frame: its initrd lacks the driver of the card (virtio_net or ne2k-pci), or ip= names another interface than the kernel does (net.ifnames=0 makes it eth0).",
  },
];
