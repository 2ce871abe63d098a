// For tests: what an AoE driver does. It asks, and asks again until it is answered.
import type { After } from "../../clock.ts";
import { etherType, parseEthernet, serializeEthernet } from "../../ethernet/ethernet.ts";
import { BROADCAST_MAC, type MacAddress } from "../../ethernet/mac.ts";
import type { Malformed } from "../../ethernet/malformed.ts";
import type { FrameSink } from "../../segment/frame.ts";
import { type AoeAddress, EVERY_SHELF, EVERY_SLOT } from "../address.ts";
import { type AtaRequest, ataCommand } from "../ata-device.ts";
import { type AtaMessage, parseAtaMessage, SECTOR_BYTES, serializeAtaMessage } from "../ata-message.ts";
import {
  type ConfigMessage,
  configCommand,
  parseConfigMessage,
  serializeConfigMessage,
} from "../config-message.ts";
import { type Identity, parseIdentity } from "../identify.ts";
import { AOE_VERSION, type AoeMessage, aoeCommand, parseAoe, serializeAoe } from "../message.ts";

/** A response, and who sent it. */
export interface Heard {
  readonly from: MacAddress;
  readonly message: AoeMessage;
}

export interface InitiatorOptions {
  readonly mac: MacAddress;
  readonly transmit: FrameSink;
  readonly after: After;
  readonly retryMs: number;
}

/** A device that was found. */
export interface FoundTarget {
  readonly address: AoeAddress;
  readonly mac: MacAddress;
}

const EMPTY = new Uint8Array(0);

export class AoeInitiator {
  /** Every response that came, also those that nobody waited for. */
  readonly heard: Heard[] = [];
  /** How often a request was sent again. */
  resent = 0;
  readonly #options: InitiatorOptions;
  readonly #waiting = new Map<number, (heard: Heard) => void>();
  #tag = 1;

  constructor(options: InitiatorOptions) {
    this.#options = options;
  }

  receive(frame: Uint8Array): void {
    const ethernet = parseEthernet(frame);
    if (ethernet.kind === "malformed" || ethernet.type !== etherType.aoe) return;
    const message = parseAoe(ethernet.payload);
    if (message.kind === "malformed" || !message.response) return;
    const heard = { from: ethernet.source, message };
    this.heard.push(heard);
    this.#waiting.get(message.tag)?.(heard);
  }

  /** Sends a request once. */
  send(target: FoundTarget, command: number, argument: Uint8Array, tag = this.#tag++): void {
    const { address, mac: destination } = target;
    const request = { version: AOE_VERSION, response: false, error: undefined, command, tag, argument };
    const payload = serializeAoe({ ...request, ...address });
    const { mac: source, transmit } = this.#options;
    transmit(serializeEthernet({ destination, source, type: etherType.aoe, payload }));
  }

  /** Sends a request until it is answered. */
  ask(target: FoundTarget, command: number, argument: Uint8Array): Promise<Heard> {
    const tag = this.#tag++;
    return new Promise((resolve) => {
      let cancel = () => {};
      this.#waiting.set(tag, (heard) => {
        cancel();
        this.#waiting.delete(tag);
        resolve(heard);
      });
      const send = () => {
        cancel = this.#options.after(this.#options.retryMs, () => {
          this.resent++;
          send();
        });
        this.send(target, command, argument, tag);
      };
      send();
    });
  }

  async config(
    target: FoundTarget,
    command: number = configCommand.read,
    text: Uint8Array = EMPTY,
  ): Promise<ConfigMessage> {
    const argument = configQuery(command, text);
    const { message } = await this.ask(target, aoeCommand.config, argument);
    return wellFormed(parseConfigMessage(message.argument));
  }

  /** Asks everyone; resolves with the first who answers. */
  async discover(): Promise<FoundTarget> {
    const everyone = { address: { shelf: EVERY_SHELF, slot: EVERY_SLOT }, mac: BROADCAST_MAC };
    const { from, message } = await this.ask(
      everyone,
      aoeCommand.config,
      configQuery(configCommand.read, EMPTY),
    );
    return { address: { shelf: message.shelf, slot: message.slot }, mac: from };
  }

  /** Has a target execute an ATA command; rejects when it answers with an AoE error. */
  async ata(
    target: FoundTarget,
    request: Partial<AtaRequest> & { readonly command: number },
  ): Promise<AtaMessage> {
    const { message } = await this.ask(target, aoeCommand.ata, ataArgument(request));
    if (message.error !== undefined) throw new Error(`the target answered AoE error ${message.error}`);
    return wellFormed(parseAtaMessage(message.argument));
  }

  async identify(target: FoundTarget): Promise<Identity> {
    const { data } = await this.ata(target, { command: ataCommand.identifyDevice, sectors: 1 });
    const identity = parseIdentity(data);
    if (identity === undefined) throw new Error("IDENTIFY DEVICE was answered with less than a sector");
    return identity;
  }

  async read(target: FoundTarget, lba: number, sectors: number): Promise<Uint8Array> {
    const answer = await this.ata(target, { command: ataCommand.readSectorsExt, lba, sectors });
    if (answer.errorFeature !== 0) throw new Error(`reading failed with error ${answer.errorFeature}`);
    return answer.data.subarray(0, sectors * SECTOR_BYTES);
  }

  /** Reads the whole device in frames of `sectors`, with so many under way; hands the bytes on in order. */
  async readAll(
    target: FoundTarget,
    { sectors, depth }: { sectors: number; depth: number },
    take: (bytes: Uint8Array) => void,
  ): Promise<void> {
    const { sectors: size } = await this.identify(target);
    const underWay: Promise<Uint8Array>[] = [];
    for (let lba = 0; lba < size || underWay.length > 0; ) {
      while (lba < size && underWay.length < depth) {
        const count = Math.min(sectors, size - lba);
        underWay.push(this.read(target, lba, count));
        lba += count;
      }
      take(await underWay.shift()!);
    }
  }
}

/** The argument of an ATA command; what is not given is 0. The flags are those of the Linux driver. */
export function ataArgument(request: Partial<AtaRequest> & { readonly command: number }): Uint8Array {
  const { command, lba = 0, sectors = 0, data = EMPTY } = request;
  const extended = command === ataCommand.readSectorsExt || command === ataCommand.writeSectorsExt;
  return serializeAtaMessage({
    extended,
    device: false,
    asynchronous: false,
    write: request.write ?? data.length > 0,
    errorFeature: 0,
    sectors,
    commandStatus: command,
    lba,
    data,
  });
}

export function configQuery(command: number, text: Uint8Array): Uint8Array {
  const nothing = { bufferCount: 0, firmwareVersion: 0, sectorsPerCommand: 0 };
  return serializeConfigMessage({ ...nothing, aoeVersion: AOE_VERSION, command, text });
}

function wellFormed<T extends { readonly kind: string }>(parsed: T): Exclude<T, Malformed> {
  if (parsed.kind === "malformed") throw new Error("the answer is malformed");
  return parsed as Exclude<T, Malformed>;
}
