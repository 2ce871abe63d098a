import { type AoeAddress, formatAoeAddress, parseAoeAddress } from "../../net/aoe/address.ts";
import { ataCommand, ataStatus } from "../../net/aoe/ata-device.ts";
import { parseAtaMessage, SECTOR_BYTES } from "../../net/aoe/ata-message.ts";
import { parseIdentity } from "../../net/aoe/identify.ts";
import { type AoeMessage, aoeCommand, parseAoe } from "../../net/aoe/message.ts";
import type { Problem } from "../interface.ts";
import { aoeRefused, aoeSilent, aoeUnknown } from "./boot-problems.ts";

/** How long a target may take to answer before it is said. The driver asks again after a minute only. */
const PATIENCE_MS = 3_000;
/** How many IDENTIFY DEVICE without an answer are remembered; the oldest makes room. */
const MAX_IDENTIFYING = 16;
/** How many targets are remembered by name. */
const MAX_HEARD = 32;

export interface AoeWatchHandlers {
  /** The guest's first question: its network is up. */
  asked(): void;
  attached(detail: string): void;
  problem(problem: Problem): void;
}

/** The value of the command line's last `root=`. */
function rootOf(append: string): string | undefined {
  const words = append.split(/\s+/);
  return words.findLast((word) => word.startsWith("root="))?.slice("root=".length);
}

/** What a command line's `root=overlay:aoe=` names, a target or not; `undefined` when its root is something else. */
export function aoeRoot(append: string): string | undefined {
  return /^overlay:aoe=(.*)$/.exec(rootOf(append) ?? "")?.[1];
}

/** Reads e0.1, or a partition on it: e0.1p1. */
export function parseAoeDevice(text: string): AoeAddress | undefined {
  return parseAoeAddress(text.replace(/p\d{1,3}$/, ""));
}

/**
 * Reads off the wire how a guest finds its root on an AoE target. The driver asks everyone for all that there is; which target
 * is meant, the command line says. Where it names no root at all, each target is taken for it.
 */
export class AoeWatch {
  readonly #handlers: AoeWatchHandlers;
  readonly #wanted: string | undefined;
  readonly #heard = new Set<string>();
  /** Tags of IDENTIFY DEVICE: its answer does not say what it answers. */
  readonly #identifying = new Set<number>();
  #asked = false;
  #dueMs = Number.POSITIVE_INFINITY;
  /** There is nothing more to see: the root is attached, or no AoE target. */
  #done: boolean;

  constructor(handlers: AoeWatchHandlers, append: string) {
    this.#handlers = handlers;
    const named = aoeRoot(append);
    const address = parseAoeDevice(named ?? "");
    this.#wanted = address === undefined ? named : formatAoeAddress(address);
    this.#done = named === undefined && rootOf(append) !== undefined;
  }

  /** @param payload of a frame; immutable */
  fromGuest(payload: Uint8Array, nowMs: number): void {
    const message = parseAoe(payload);
    if (this.#done || message.kind === "malformed" || message.response) return;
    if (!this.#asked) {
      this.#asked = true;
      this.#dueMs = nowMs + PATIENCE_MS;
      this.#handlers.asked();
    }
    if (message.command !== aoeCommand.ata) return;
    const ata = parseAtaMessage(message.argument);
    if (ata.kind === "malformed" || ata.commandStatus !== ataCommand.identifyDevice) return;
    const [oldest] = this.#identifying;
    if (this.#identifying.size >= MAX_IDENTIFYING && oldest !== undefined) this.#identifying.delete(oldest);
    this.#identifying.add(message.tag);
  }

  /** @param payload of a frame; immutable */
  toGuest(payload: Uint8Array): void {
    const message = parseAoe(payload);
    if (this.#done || message.kind === "malformed" || !message.response) return;
    const target = formatAoeAddress(message);
    if (this.#heard.size < MAX_HEARD) this.#heard.add(target);
    if (this.#wanted !== undefined && target !== this.#wanted) return;
    if (message.error !== undefined) this.#handlers.problem(aoeRefused(target, message.error));
    else if (message.command === aoeCommand.ata) this.#answered(target, message);
  }

  deadline(): number {
    return this.#done ? Number.POSITIVE_INFINITY : this.#dueMs;
  }

  advance(nowMs: number): void {
    if (nowMs < this.deadline()) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    const heard = [...this.#heard].sort();
    if (heard.length === 0) this.#handlers.problem(aoeSilent(this.#wanted));
    else if (this.#wanted !== undefined && !heard.includes(this.#wanted)) {
      this.#handlers.problem(aoeUnknown(this.#wanted, heard));
    }
  }

  /** The device has executed a command: it is there. */
  #answered(target: string, { tag, argument }: AoeMessage): void {
    const ata = parseAtaMessage(argument);
    if (ata.kind === "malformed" || (ata.commandStatus & ataStatus.error) !== 0) return;
    this.#done = true;
    const identity = this.#identifying.has(tag) ? parseIdentity(ata.data) : undefined;
    const size = identity === undefined ? "" : `, ${((identity.sectors * SECTOR_BYTES) / 1e6).toFixed(1)} MB`;
    this.#handlers.attached(`AoE ${target}${size}`);
  }
}
