import type { DiskSettings, JitSettings } from "../worker/interface.ts";

/** The parts of the stage, each behind a tab. */
export const STAGE_TABS = ["serial", "screen", "packets", "blocks"] as const;
export type StageTab = (typeof STAGE_TABS)[number];

/**
 * What the page's address asks for:
 * `?label=NAME&boot=pxe&nic=ne2k&memory=512&write=disk:NAME&append=…&tab=blocks&checkpoint=off&autostart=1&relay=ws://HOST:PORT/wire`.
 */
export interface PageUrl {
  /** The boot entry to select; the menu's own default where absent. */
  readonly label?: string;
  /** `pxe`: the machine's own firmware boots from the boot network, which needs the other card. */
  readonly boot: "direct" | "pxe";
  readonly nic: "virtio" | "ne2k";
  readonly memoryMiB: number;
  /** The disk that the system's writes go to; in memory where absent. */
  readonly disk?: DiskSettings;
  /** Added to the entry's own append line. */
  readonly append: string;
  /** Stands in place of the entry's own append line. */
  readonly cmdline?: string;
  /** What is shown first. */
  readonly tab: StageTab;
  readonly autostart: boolean;
  /** Whether a boot may go on from a checkpoint of an earlier one. */
  readonly checkpoint: "auto" | "renew" | "off";
  /** Who decompresses the kernel: the host before power-on, or the guest. */
  readonly kernelEntry: "decompressed" | "compressed";
  /** How the emulator compiles, for measuring: `jit=pages:3,compile:async`. */
  readonly jit?: Partial<JitSettings>;
  /** `off`: every frame of the guest goes over the wire, those of its root as well. */
  readonly near: "auto" | "off";
  /** The relay's WebSocket, where it is not the server that the page came from. */
  readonly relay?: string;
  /** What could not be used, a sentence each. */
  readonly rejected: readonly string[];
}

export const MEMORY_MIB = { least: 256, usual: 512, most: 2048 } as const;

/** Never throws: what makes no sense is left out and named in `rejected`. */
export function parsePageUrl(search: string): PageUrl {
  const parameters = new URLSearchParams(search);
  const rejected: string[] = [];
  const choose = <T extends string>(name: string, choices: readonly [T, ...T[]]): T => {
    const value = parameters.get(name);
    const choice = choices.find((one) => one === value);
    if (value !== null && choice === undefined)
      rejected.push(`${name}=${value} is not known here; ${name} can be ${choices.join(" or ")}.`);
    return choice ?? choices[0];
  };

  const label = parameters.get("label");
  const cmdline = parameters.get("cmdline")?.trim();
  const jit = parseJit(parameters.get("jit"), rejected);
  const relay = parseRelay(parameters.get("relay"), rejected);
  const disk = parseWrite(parameters.get("write"), choose("overother", ["0", "1"]) === "1", rejected);
  const boot = choose("boot", ["direct", "pxe"]);
  const nic = choose("nic", boot === "pxe" ? ["ne2k", "virtio"] : ["virtio", "ne2k"]);
  if (boot === "pxe" && nic === "virtio")
    rejected.push(
      "nic=virtio cannot boot by boot=pxe: its boot ROM does not know this card. It is ne2k instead.",
    );
  return {
    ...(label ? { label } : {}),
    boot,
    nic: boot === "pxe" ? "ne2k" : nic,
    memoryMiB: parseMemory(parameters.get("memory"), rejected),
    append: (parameters.get("append") ?? "").trim(),
    ...(cmdline === undefined ? {} : { cmdline }),
    tab: choose("tab", STAGE_TABS),
    kernelEntry: choose("kernelEntry", ["decompressed", "compressed"]),
    checkpoint: choose("checkpoint", ["auto", "renew", "off"]),
    autostart: choose("autostart", ["0", "1"]) === "1",
    near: choose("near", ["auto", "off"]),
    ...(relay === undefined ? {} : { relay }),
    ...(jit === undefined ? {} : { jit }),
    ...(disk === undefined ? {} : { disk }),
    rejected,
  };
}

/** The address that asks for this: `parsePageUrl` of it says the same. What nobody has to say is left out. */
export function serializePageUrl(url: Omit<PageUrl, "rejected">): string {
  const parameters = new URLSearchParams();
  const usual = parsePageUrl("");
  const say = (name: string, value: string | undefined) => {
    if (value !== undefined) parameters.set(name, value);
  };
  const sayUnusual = (name: "append" | "tab" | "checkpoint" | "kernelEntry" | "near") => {
    if (url[name] !== usual[name]) parameters.set(name, url[name]);
  };
  say("label", url.label);
  if (url.boot === "pxe") say("boot", "pxe");
  else if (url.nic !== usual.nic) say("nic", url.nic);
  if (url.memoryMiB !== usual.memoryMiB) say("memory", String(url.memoryMiB));
  if (url.disk !== undefined) {
    say("write", url.disk.name === USUAL_DISK ? "disk" : `disk:${url.disk.name}`);
    if (url.disk.overOther === true) say("overother", "1");
  }
  sayUnusual("append");
  say("cmdline", url.cmdline);
  for (const name of ["tab", "checkpoint", "kernelEntry", "near"] as const) sayUnusual(name);
  if (url.autostart) say("autostart", "1");
  say("relay", url.relay);
  if (url.jit !== undefined)
    say(
      "jit",
      Object.entries(url.jit)
        .map(([name, value]) => `${name}:${value}`)
        .join(","),
    );
  const search = parameters.toString();
  return search === "" ? "" : `?${search}`;
}

function parseMemory(value: string | null, rejected: string[]): number {
  if (value === null) return MEMORY_MIB.usual;
  const memoryMiB = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (memoryMiB >= MEMORY_MIB.least && memoryMiB <= MEMORY_MIB.most) return memoryMiB;
  rejected.push(
    `memory=${value} cannot be used; it is a number of MiB from ${MEMORY_MIB.least} to ${MEMORY_MIB.most}.`,
  );
  return MEMORY_MIB.usual;
}

/** The disk of `write=disk`. */
export const USUAL_DISK = "disk";

function parseWrite(value: string | null, overOther: boolean, rejected: string[]): DiskSettings | undefined {
  if (value === null || value === "ram") return undefined;
  const [, name = USUAL_DISK] = /^disk(?::(.+))?$/s.exec(value) ?? [undefined, ""];
  if (name !== "") return { name, ...(overOther && { overOther }) };
  rejected.push(`write=${value} is not known here; write can be ram, disk or disk:NAME.`);
  return undefined;
}

function parseRelay(value: string | null, rejected: string[]): string | undefined {
  if (value === null) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "ws:" || url?.protocol === "wss:") return url.href;
  rejected.push(`relay=${value} is no WebSocket address; it looks like ws://HOST:PORT/wire.`);
  return undefined;
}

const JIT_RANGES = {
  pages: [1, 8],
  extraBlocks: [0, 1000],
  threshold: [8192, 1_048_575],
} as const;

function parseJit(value: string | null, rejected: string[]): Partial<JitSettings> | undefined {
  if (value === null) return undefined;
  const settings: Record<string, number | string> = {};
  for (const part of value.split(",")) {
    const [name = "", text = ""] = part.split(":");
    const range = name in JIT_RANGES ? JIT_RANGES[name as keyof typeof JIT_RANGES] : undefined;
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (range && number >= range[0] && number <= range[1]) settings[name] = number;
    else if (name === "compile" && (text === "sync" || text === "async")) settings[name] = text;
    else
      rejected.push(
        `jit=${part} is not known here; it looks like jit=pages:1,extraBlocks:250,threshold:500000,compile:sync.`,
      );
  }
  return Object.keys(settings).length > 0 ? settings : undefined;
}
