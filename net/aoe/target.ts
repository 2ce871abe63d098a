import type { MacAddress } from "../ethernet/mac.ts";
import type { Export } from "../export/export.ts";
import { type AoeAddress, formatAoeAddress } from "./address.ts";
import { AtaDevice, ataCommand } from "./ata-device.ts";
import { ATA_HEADER_BYTES, type AtaMessage, parseAtaMessage, serializeAtaHeader } from "./ata-message.ts";
import { configCommand, parseConfigMessage, serializeConfigMessage } from "./config-message.ts";
import {
  type MaskDirective,
  maskCommand,
  maskDirective,
  maskError,
  parseMaskMessage,
  serializeMaskMessage,
} from "./mask-message.ts";
import { AOE_VERSION, type AoeMessage, aoeCommand, aoeError } from "./message.ts";
import { parseReserveMessage, reserveCommand, serializeReserveMessage } from "./reserve-message.ts";

/** What goes back: the argument, in pieces, and the number of the error if there is one. */
export interface AoeAnswer {
  readonly error?: number;
  readonly argument: readonly Uint8Array[];
}

/** `undefined` where AoE asks for silence; "malformed" for an argument that is none. */
export type AoeOutcome = AoeAnswer | undefined | "malformed";

export interface AoeTargetOptions {
  readonly address: AoeAddress;
  readonly export: Export;
  /** The most sectors in one command. */
  readonly maxSectors: number;
  /** How many requests of one initiator may be under way. It is said here, and kept by whoever hands requests in. */
  readonly bufferCount: number;
}

const FIRMWARE_VERSION = 1;
const MAX_MASKS = 32;
const EMPTY = new Uint8Array(0);

/**
 * One target: an export under a shelf and a slot. It keeps what initiators tell it (config string, mask list, reservation) for
 * as long as it lives, as AoEr11 says; nothing of that reaches the export.
 */
export class AoeTarget {
  readonly address: AoeAddress;
  readonly #maxSectors: number;
  readonly #bufferCount: number;
  readonly #device: AtaDevice;
  #config: Uint8Array = EMPTY;
  #masks: readonly MacAddress[] = [];
  #reservedFor: readonly MacAddress[] = [];

  constructor(options: AoeTargetOptions) {
    const { address, maxSectors } = options;
    this.address = address;
    this.#maxSectors = maxSectors;
    this.#bufferCount = options.bufferCount;
    const serial = `${formatAoeAddress(address)}:${options.export.name}`;
    this.#device = new AtaDevice({ export: options.export, maxSectors, serial });
  }

  /** Who is not on the mask list is not answered at all. */
  admits(source: MacAddress): boolean {
    return this.#masks.length === 0 || this.#masks.includes(source);
  }

  /** Where an announcement goes: to everyone (`undefined`), or to those on the mask list. */
  get audience(): readonly MacAddress[] | undefined {
    return this.#masks.length === 0 ? undefined : this.#masks;
  }

  /** The argument of an announcement: what the config query is answered. */
  announcement(): Uint8Array {
    return this.#configAnswer(configCommand.read);
  }

  /** Answers a request for this target. ATA commands take their time; they never reject. */
  answer(request: AoeMessage, source: MacAddress): AoeOutcome | Promise<AoeOutcome> {
    const { argument } = request;
    if (request.version !== AOE_VERSION) return { error: aoeError.unsupportedVersion, argument: [argument] };
    switch (request.command) {
      case aoeCommand.ata:
        return this.#ata(argument, source);
      case aoeCommand.config:
        return this.#configure(argument);
      case aoeCommand.maskList:
        return this.#maskList(argument);
      case aoeCommand.reserve:
        return this.#reserve(argument, source);
      default:
        return { error: aoeError.unknownCommand, argument: [argument] };
    }
  }

  #ata(argument: Uint8Array, source: MacAddress): AoeOutcome | Promise<AoeOutcome> {
    const message = parseAtaMessage(argument);
    if (message.kind === "malformed") return "malformed";
    // Who may not use the device may still learn what it is.
    if (message.commandStatus !== ataCommand.identifyDevice && !this.#mayUse(source)) {
      return { error: aoeError.reserved, argument: [argument.subarray(0, ATA_HEADER_BYTES)] };
    }
    return this.#execute(message, argument);
  }

  async #execute(message: AtaMessage, argument: Uint8Array): Promise<AoeAnswer> {
    const result = await this.#device.execute({ ...message, command: message.commandStatus });
    if (result === undefined) {
      return { error: aoeError.badArgument, argument: [argument.subarray(0, ATA_HEADER_BYTES)] };
    }
    const { error, sectors, status, data } = result;
    const header = serializeAtaHeader({ ...message, errorFeature: error, sectors, commandStatus: status });
    return { argument: [header, data] };
  }

  #configure(argument: Uint8Array): AoeOutcome {
    const message = parseConfigMessage(argument);
    if (message.kind === "malformed") return "malformed";
    const { command, text } = message;
    switch (command) {
      case configCommand.read:
        break;
      case configCommand.test:
        if (!isEqual(text, this.#config)) return undefined;
        break;
      case configCommand.testPrefix:
        if (!isEqual(text, this.#config.subarray(0, text.length))) return undefined;
        break;
      case configCommand.set:
        if (this.#config.length > 0 && !isEqual(text, this.#config)) {
          return { error: aoeError.configPresent, argument: [this.#configAnswer(command)] };
        }
        this.#config = text.slice();
        break;
      case configCommand.forceSet:
        this.#config = text.slice();
        break;
      default:
        return { error: aoeError.badArgument, argument: [this.#configAnswer(command)] };
    }
    return { argument: [this.#configAnswer(command)] };
  }

  #configAnswer(command: number): Uint8Array {
    return serializeConfigMessage({
      bufferCount: this.#bufferCount,
      firmwareVersion: FIRMWARE_VERSION,
      sectorsPerCommand: this.#maxSectors,
      aoeVersion: AOE_VERSION,
      command,
      text: this.#config,
    });
  }

  #maskList(argument: Uint8Array): AoeOutcome {
    const message = parseMaskMessage(argument);
    if (message.kind === "malformed") return "malformed";
    const { command, directives } = message;
    switch (command) {
      case maskCommand.read:
        break;
      case maskCommand.edit: {
        const { masks, error, done } = edited(this.#masks, directives);
        // What came before the directive that is wrong holds.
        this.#masks = masks;
        if (error !== 0) {
          return { argument: [serializeMaskMessage({ command, error, directives: [], count: done })] };
        }
        break;
      }
      default:
        return { error: aoeError.badArgument, argument: [argument] };
    }
    const list = this.#masks.map((mac) => ({ command: maskDirective.none, mac }));
    return { argument: [serializeMaskMessage({ command, error: 0, directives: list, count: list.length })] };
  }

  #reserve(argument: Uint8Array, source: MacAddress): AoeOutcome {
    const message = parseReserveMessage(argument);
    if (message.kind === "malformed") return "malformed";
    const { command } = message;
    let error: number | undefined;
    switch (command) {
      case reserveCommand.read:
        break;
      case reserveCommand.set:
        if (this.#mayUse(source)) this.#reservedFor = message.macs;
        else error = aoeError.reserved;
        break;
      case reserveCommand.forceSet:
        this.#reservedFor = message.macs;
        break;
      default:
        error = aoeError.badArgument;
    }
    const list = serializeReserveMessage({ command, macs: this.#reservedFor });
    return { argument: [list], ...(error !== undefined && { error }) };
  }

  #mayUse(source: MacAddress): boolean {
    return this.#reservedFor.length === 0 || this.#reservedFor.includes(source);
  }
}

/** The list after the directives up to the first that is wrong: its error, and how many came before it. */
function edited(
  before: readonly MacAddress[],
  directives: readonly MaskDirective[],
): { masks: readonly MacAddress[]; error: number; done: number } {
  const masks = new Set(before);
  for (const [done, { command, mac }] of directives.entries()) {
    if (command === maskDirective.remove) masks.delete(mac);
    else if (command === maskDirective.add) {
      if (!masks.has(mac) && masks.size >= MAX_MASKS) {
        return { masks: [...masks], error: maskError.listFull, done };
      }
      masks.add(mac);
    } else if (command !== maskDirective.none) {
      return { masks: [...masks], error: maskError.badDirective, done };
    }
  }
  return { masks: [...masks], error: 0, done: directives.length };
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}
