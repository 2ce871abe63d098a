import { parseAtaMessage, SECTOR_BYTES } from "../../net/aoe/ata-message.ts";
import { parseIdentity } from "../../net/aoe/identify.ts";
import { aoeCommand, parseAoe } from "../../net/aoe/message.ts";
import type { FrameContext } from "../../net/dissect/conversations/context.ts";
import { type CapturedFrame, Conversations } from "../../net/dissect/conversations/conversations.ts";
import type { NbdPart } from "../../net/dissect/conversations/nbd-part.ts";
import { ETHERNET_HEADER_BYTES } from "../../net/ethernet/ethernet.ts";
import { readU16 } from "../../net/ethernet/octets.ts";
import { Command, Info, OptionReply } from "../../net/nbd/constants.ts";
import { OPTION_REPLY_HEADER_BYTES, parseOptionReplyHeader, SIMPLE_REPLY_BYTES } from "../../net/nbd/wire.ts";
import { parseSuperblock, type Superblock } from "../../net/squashfs/superblock.ts";
import { BlockMap } from "./block-map.ts";
import { Histogram } from "./histogram.ts";

/** ATA/ATAPI-6. */
const ATA = { read: 0x20, readExtended: 0x24, identify: 0xec } as const;
/** Frames that may hold the image's first bytes, until these are found. Policy: drop-oldest. */
const MOST_FRAMES_HELD = 256;

/** What the guest read of its root, told from the frames of its card: over NBD, or over AoE. */
export class BlockReads {
  readonly #conversations = new Conversations();
  readonly #held = new Map<number, Uint8Array>();
  /** In bytes, and in milliseconds. */
  readonly sizes = new Histogram(512, 10);
  readonly latencies = new Histogram(0.25, 12);
  map: BlockMap | undefined;
  superblock: Superblock | undefined;
  requests = 0;

  observe(frame: CapturedFrame): void {
    const context = this.#conversations.observe(frame);
    if (context.tcp?.nbd !== undefined) {
      this.#hold(context.number, frame.bytes);
      for (const part of context.tcp.nbd) this.#nbd(part, context.timeMs);
    } else if (context.aoe !== undefined) {
      this.#aoe(frame.bytes.subarray(ETHERNET_HEADER_BYTES), context.aoe, context.timeMs);
    }
  }

  #nbd(part: NbdPart, timeMs: number): void {
    const { kind, head, requested } = part;
    if (kind === "export") this.#attach(sizeAt(head, 0));
    if (kind === "option-reply") {
      const at = OPTION_REPLY_HEADER_BYTES;
      const isExport =
        parseOptionReplyHeader(head)?.reply === OptionReply.info &&
        head.length >= at + 12 &&
        readU16(head, at) === Info.export;
      if (isExport) this.#attach(sizeAt(head, at + 2));
    }
    if (requested === undefined || requested.command !== Command.read) return;
    const offset = Number(requested.offset);
    this.#read(offset, requested.length, requested.timeMs, timeMs);
    if (offset === 0) this.#findSuperblock(part);
  }

  #aoe(message: Uint8Array, asked: NonNullable<FrameContext["aoe"]>, timeMs: number): void {
    const aoe = parseAoe(message);
    if (aoe.kind !== "aoe" || aoe.command !== aoeCommand.ata || aoe.error !== undefined) return;
    const ata = parseAtaMessage(aoe.argument);
    if (ata.kind !== "ata") return;
    if (asked.ataCommand === ATA.identify) {
      const identity = parseIdentity(ata.data);
      if (identity !== undefined) this.#attach(identity.sectors * SECTOR_BYTES);
    } else if (asked.ataCommand === ATA.read || asked.ataCommand === ATA.readExtended) {
      this.#read(asked.lba * SECTOR_BYTES, asked.sectors * SECTOR_BYTES, asked.requestTimeMs, timeMs);
      if (asked.lba === 0) this.#tryPart(ata.data);
    }
  }

  /** The same image again, after a connection was lost, goes on with its map. */
  #attach(sizeBytes: number): void {
    if (sizeBytes === 0 || this.map?.sizeBytes === sizeBytes) return;
    this.map = new BlockMap(sizeBytes);
    this.superblock = undefined;
  }

  #read(offset: number, length: number, askedMs: number, answeredMs: number): void {
    this.requests += 1;
    this.sizes.add(length);
    this.latencies.add(answeredMs - askedMs);
    this.map?.read(offset, length, answeredMs);
  }

  #hold(number: number, bytes: Uint8Array): void {
    if (this.superblock !== undefined) return;
    this.#held.set(number, bytes);
    if (this.#held.size > MOST_FRAMES_HELD) this.#held.delete(this.#held.keys().next().value!);
  }

  /** The image's first bytes stand behind the reply's head, in the frame that it begins in. */
  #findSuperblock({ head, firstNumber }: NbdPart): void {
    const frame = this.superblock === undefined ? this.#held.get(firstNumber) : undefined;
    if (frame === undefined) return;
    for (let at = 0; at + SIMPLE_REPLY_BYTES <= frame.length; at += 1) {
      if (!head.every((byte, index) => byte === frame[at + index])) continue;
      this.#tryPart(frame.subarray(at + head.length));
      this.#held.clear();
      return;
    }
  }

  #tryPart(bytes: Uint8Array): void {
    const parsed = parseSuperblock(bytes);
    if (parsed.kind === "squashfs") this.superblock = parsed;
  }
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at));
}
