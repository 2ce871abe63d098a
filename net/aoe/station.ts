import { ETHERNET_HEADER_BYTES, etherType, parseEthernet } from "../ethernet/ethernet.ts";
import { BROADCAST_MAC, isMulticastMac, type MacAddress } from "../ethernet/mac.ts";
import type { Export } from "../export/export.ts";
import type { FrameSink } from "../segment/frame.ts";
import { type AoeAddress, EVERY_SHELF, EVERY_SLOT, formatAoeAddress } from "./address.ts";
import { sectorsPerFrame } from "./ata-message.ts";
import { AOE_VERSION, type AoeMessage, aoeCommand, parseAoe, serializeAoeFrame } from "./message.ts";
import { type AoeAnswer, AoeTarget } from "./target.ts";
import { RequestsUnderWay, type UnderWay } from "./under-way.ts";

/** How many requests of one initiator may be under way. The Linux driver never has more than 64 (`aoe_maxout`). */
export const BUFFER_COUNT = 64;
/** What the requests of all initiators and their answers may take together, in bytes. */
const MAX_UNDER_WAY_BYTES = 64 << 20;

export interface AoeStationOptions {
  readonly mac: MacAddress;
  /** Of the segment, in bytes: it says how many sectors go into a frame. */
  readonly mtu: number;
  readonly transmit: FrameSink;
  readonly bufferCount?: number;
}

export interface AoeCounters {
  /** Frames of AoE for this station, or for everyone. */
  received: number;
  sent: number;
  malformed: number;
  /** Requests for a shelf and slot that are not here. */
  otherTarget: number;
  /** From an initiator that is not on the mask list. */
  masked: number;
  /** The same request again, while the first was under way: that one is answered. */
  duplicates: number;
  /** More requests than the buffer count allows, or than all initiators together may have: dropped, and sent again later. */
  busy: number;
  /** Answered with an AoE error. */
  errors: number;
  announcements: number;
}

/**
 * The AoE targets of one segment, behind one MAC address: frames in, frames out. Requests that were sent again are done again,
 * which changes nothing: a read is a read, and a write writes the same (`AtaDevice` keeps the order of writes to the same sectors).
 */
export class AoeStation {
  readonly counters: AoeCounters = {
    received: 0,
    sent: 0,
    malformed: 0,
    otherTarget: 0,
    masked: 0,
    duplicates: 0,
    busy: 0,
    errors: 0,
    announcements: 0,
  };
  readonly #mac: MacAddress;
  readonly #maxSectors: number;
  readonly #answerBytes: number;
  readonly #bufferCount: number;
  readonly #transmit: FrameSink;
  readonly #targets = new Map<string, AoeTarget>();
  readonly #underWay: RequestsUnderWay;
  #closed = false;

  constructor(options: AoeStationOptions) {
    this.#mac = options.mac;
    this.#maxSectors = sectorsPerFrame(options.mtu);
    this.#answerBytes = ETHERNET_HEADER_BYTES + options.mtu;
    this.#bufferCount = options.bufferCount ?? BUFFER_COUNT;
    this.#underWay = new RequestsUnderWay(this.#bufferCount, MAX_UNDER_WAY_BYTES);
    this.#transmit = options.transmit;
  }

  /** Adds a target, and announces it. Throws when its place is taken. */
  add(address: AoeAddress, back: Export): void {
    const name = formatAoeAddress(address);
    if (this.#targets.has(name)) throw new Error(`There are two AoE targets ${name}.`);
    const target = new AoeTarget({
      address,
      export: back,
      maxSectors: this.#maxSectors,
      bufferCount: this.#bufferCount,
    });
    this.#targets.set(name, target);
    this.#announce(target);
  }

  /** Tells everyone which targets are here (AoEr11 section 3.2): a driver that has asked already need not ask again. */
  announce(): void {
    for (const target of this.#targets.values()) this.#announce(target);
  }

  receive(frame: Uint8Array): void {
    if (this.#closed) return;
    const ethernet = parseEthernet(frame);
    if (ethernet.kind === "malformed" || ethernet.type !== etherType.aoe) return;
    if (ethernet.destination !== this.#mac && ethernet.destination !== BROADCAST_MAC) return;
    const { source } = ethernet;
    this.counters.received++;
    const request = parseAoe(ethernet.payload);
    if (request.kind === "malformed" || isMulticastMac(source)) {
      this.counters.malformed++;
      return;
    }
    // What other targets answer is no business of ours.
    if (request.response) return;
    const targets = this.#meant(request);
    if (targets.length === 0) this.counters.otherTarget++;
    for (const target of targets) this.#serve(target, request, source, frame);
  }

  /** Sends nothing any more. */
  close(): void {
    this.#closed = true;
  }

  #meant({ shelf, slot }: AoeMessage): AoeTarget[] {
    const exact = this.#targets.get(formatAoeAddress({ shelf, slot }));
    if (exact !== undefined) return [exact];
    return [...this.#targets.values()].filter(
      ({ address }) =>
        (shelf === EVERY_SHELF || shelf === address.shelf) && (slot === EVERY_SLOT || slot === address.slot),
    );
  }

  #serve(target: AoeTarget, request: AoeMessage, source: MacAddress, frame: Uint8Array): void {
    if (!target.admits(source)) {
      this.counters.masked++;
      return;
    }
    const under = this.#underWay.begin(target, source, frame, frame.length + this.#answerBytes);
    if (under === "duplicate") this.counters.duplicates++;
    else if (under === "busy") this.counters.busy++;
    else void this.#answer(target, request, source, under);
  }

  async #answer(
    target: AoeTarget,
    request: AoeMessage,
    source: MacAddress,
    underWay: UnderWay,
  ): Promise<void> {
    const outcome = await target.answer(request, source);
    underWay.end();
    if (outcome === undefined) return;
    if (outcome === "malformed") {
      this.counters.malformed++;
      return;
    }
    if (outcome.error !== undefined) this.counters.errors++;
    this.#send(target, source, { ...outcome, command: request.command, tag: request.tag });
  }

  #announce(target: AoeTarget): void {
    const argument = [target.announcement()];
    for (const destination of target.audience ?? [BROADCAST_MAC]) {
      this.counters.announcements++;
      this.#send(target, destination, { command: aoeCommand.config, tag: 0, argument });
    }
  }

  #send(
    { address }: AoeTarget,
    destination: MacAddress,
    answer: AoeAnswer & Pick<AoeMessage, "command" | "tag">,
  ): void {
    if (this.#closed) return;
    this.counters.sent++;
    const { command, tag, error, argument } = answer;
    const header = { version: AOE_VERSION, response: true, error, ...address, command, tag };
    this.#transmit(serializeAoeFrame({ destination, source: this.#mac }, header, argument));
  }
}
