import { formatAoeAddress } from "../../../net/aoe/address.ts";
import { parseAtaMessage, SECTOR_BYTES } from "../../../net/aoe/ata-message.ts";
import { aoeCommand, parseAoe } from "../../../net/aoe/message.ts";
import { Conversations } from "../../../net/dissect/conversations/conversations.ts";
import { dissect } from "../../../net/dissect/dissect.ts";
import type { Field } from "../../../net/dissect/field.ts";
import { etherType, parseEthernet } from "../../../net/ethernet/ethernet.ts";
import { Command } from "../../../net/nbd/constants.ts";
import { parseRequest } from "../../../net/nbd/wire.ts";
import { BlockMap, type BlockRun } from "./block-map.ts";
import type { Capture } from "./capture.ts";

/** A frame at the guest's card. */
export interface SeenFrame {
  /** Immutable. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly epochMs: number;
  readonly fromGuest: boolean;
}

/** How much of a protocol there was; of the innermost one of each frame. */
export interface ProtocolCount {
  readonly protocol: string;
  readonly frames: number;
  readonly bytes: number;
}

const ATA_READS: readonly number[] = [0x20, 0x24];
/** NBD connections, and AoE targets. Policy: drop-newest. */
const MOST_DISKS = 64;

/** What went over the wire in one boot: how much of what, and which blocks of which disk were asked for. */
export class Traffic {
  readonly #capture: Capture | undefined;
  readonly #conversations = new Conversations();
  readonly #protocols = new Map<string, { frames: number; bytes: number }>();
  /** By export name, or AoE address. */
  readonly #disks = new Map<string, BlockMap>();
  /** By number of the TCP stream. */
  readonly #exports = new Map<number, string>();
  #startMs: number | undefined;

  /** @param capture gets every frame */
  constructor(capture?: Capture) {
    this.#capture = capture;
  }

  /** In the order in which they passed. Never throws. */
  take({ bytes, epochMs, fromGuest }: SeenFrame): void {
    this.#startMs ??= epochMs;
    this.#capture?.add(bytes, epochMs, fromGuest);
    const frame = { bytes, timeMs: epochMs - this.#startMs, direction: fromGuest ? "out" : "in" } as const;
    const context = this.#conversations.observe(frame);
    const { summary, fields } = dissect(bytes, context);
    const count = this.#protocols.get(summary.protocol) ?? { frames: 0, bytes: 0 };
    count.frames += 1;
    count.bytes += bytes.length;
    this.#protocols.set(summary.protocol, count);
    if (!fromGuest) return;
    if (context.tcp?.nbd !== undefined) {
      for (const { kind, head } of context.tcp.nbd) {
        if (kind === "option") this.#name(context.tcp.stream, fields);
        else if (kind === "request") this.#nbdRequest(context.tcp.stream, head);
      }
    } else if (summary.protocol === "AoE") {
      this.#aoeRequest(bytes);
    }
  }

  /** The most bytes first. */
  get protocols(): ProtocolCount[] {
    return [...this.#protocols]
      .map(([protocol, count]) => ({ protocol, ...count }))
      .sort((a, b) => b.bytes - a.bytes || (a.protocol < b.protocol ? -1 : 1));
  }

  /** The blocks that were read of a disk. @param disk an export's name, or an AoE address: "e0.1" */
  readBlocks(disk: string): BlockRun[] {
    return this.#disks.get(disk)?.runs ?? [];
  }

  #name(stream: number, fields: readonly Field[]): void {
    const name = find(fields, "nbd.export.name")?.value;
    if (typeof name === "string" && this.#exports.size < MOST_DISKS) this.#exports.set(stream, name);
  }

  #nbdRequest(stream: number, head: Uint8Array): void {
    const request = parseRequest(head);
    const name = this.#exports.get(stream);
    if (request === undefined || name === undefined || request.command !== Command.read) return;
    this.#disk(name)?.add(Number(request.offset), request.length);
  }

  #aoeRequest(bytes: Uint8Array): void {
    const ethernet = parseEthernet(bytes);
    if (ethernet.kind !== "ethernet" || ethernet.type !== etherType.aoe) return;
    const message = parseAoe(ethernet.payload);
    if (message.kind !== "aoe" || message.response || message.command !== aoeCommand.ata) return;
    const ata = parseAtaMessage(message.argument);
    if (ata.kind !== "ata" || !ATA_READS.includes(ata.commandStatus)) return;
    this.#disk(formatAoeAddress(message))?.add(Number(ata.lba) * SECTOR_BYTES, ata.sectors * SECTOR_BYTES);
  }

  #disk(name: string): BlockMap | undefined {
    const known = this.#disks.get(name);
    if (known !== undefined || this.#disks.size >= MOST_DISKS) return known;
    const map = new BlockMap();
    this.#disks.set(name, map);
    return map;
  }
}

function find(fields: readonly Field[], name: Field["name"]): Field | undefined {
  for (const field of fields) {
    const found = field.name === name ? field : find(field.children, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
