// The 512 bytes that IDENTIFY DEVICE answers: ATA/ATAPI-6 (T13/1410D) section 8.15. 256 words, the low byte first.
import { SECTOR_BYTES } from "./ata-message.ts";

const word = {
  configuration: 0,
  serial: 10,
  firmware: 23,
  model: 27,
  readMultiple: 47,
  capabilities: 49,
  moreCapabilities: 50,
  sectors28: 60,
  versions: 80,
  supported: 82,
  enabled: 85,
  sectors48: 100,
  integrity: 255,
} as const;

const FIXED_DEVICE = 0x0040;
const LBA = 0x0200;
/** Bits 15 and 14 say that a word is valid. */
const VALID = 0x4000;
const ATA_4_TO_6 = 0x0070;
const ADDRESS_48 = 0x0400;
const FLUSH_CACHE = 0x1000;
const FLUSH_CACHE_EXT = 0x2000;
const INTEGRITY_SIGNATURE = 0xa5;

/** The most that 28 bits address. */
export const MAX_SECTORS_28 = 0x0fffffff;

export interface Identity {
  /** At most 20, 8 and 40 characters, in ASCII. What is longer is cut, what is no ASCII becomes a question mark. */
  readonly serial: string;
  readonly firmware: string;
  readonly model: string;
  /** Size of the device in sectors of 512 bytes. */
  readonly sectors: number;
}

export function serializeIdentity({ serial, firmware, model, sectors }: Identity): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES);
  const set = (index: number, value: number) => {
    bytes[index * 2] = value;
    bytes[index * 2 + 1] = value >>> 8;
  };
  const features = [0, VALID | ADDRESS_48 | FLUSH_CACHE | FLUSH_CACHE_EXT, VALID];
  set(word.configuration, FIXED_DEVICE);
  setText(bytes, word.serial, 20, serial);
  setText(bytes, word.firmware, 8, firmware);
  setText(bytes, word.model, 40, model);
  set(word.readMultiple, 0x8000);
  set(word.capabilities, LBA);
  set(word.moreCapabilities, VALID);
  const sectors28 = Math.min(sectors, MAX_SECTORS_28);
  set(word.sectors28, sectors28);
  set(word.sectors28 + 1, sectors28 >>> 16);
  set(word.versions, ATA_4_TO_6);
  for (const [index, value] of features.entries()) {
    set(word.supported + index, value);
    set(word.enabled + index, index === 1 ? value & ~VALID : value);
  }
  for (let index = 0, rest = sectors; index < 4; index++, rest = Math.floor(rest / 0x10000)) {
    set(word.sectors48 + index, rest % 0x10000);
  }
  // All 512 bytes add up to 0.
  bytes[word.integrity * 2] = INTEGRITY_SIGNATURE;
  bytes[word.integrity * 2 + 1] = -bytes.reduce((sum, octet) => sum + octet, 0);
  return bytes;
}

/** Reads what `serializeIdentity` writes, from any ATA device; `undefined` when there are fewer than 512 bytes. */
export function parseIdentity(bytes: Uint8Array): Identity | undefined {
  if (bytes.length < SECTOR_BYTES) return undefined;
  const get = (index: number) => bytes[index * 2]! | (bytes[index * 2 + 1]! << 8);
  const has48 = ((get(word.supported + 1) | get(word.enabled + 1)) & ADDRESS_48) !== 0;
  let sectors = get(word.sectors28) + get(word.sectors28 + 1) * 0x10000;
  // A number of 48 bits: the fourth word is 0.
  if (has48) sectors = [2, 1, 0].reduce((sum, index) => sum * 0x10000 + get(word.sectors48 + index), 0);
  return {
    serial: getText(bytes, word.serial, 20),
    firmware: getText(bytes, word.firmware, 8),
    model: getText(bytes, word.model, 40),
    sectors,
  };
}

/** ATA texts have the first character of a word in its high byte, and spaces behind. */
function setText(bytes: Uint8Array, at: number, length: number, text: string): void {
  const ascii = text.replace(/[^\x20-\x7e]/g, "?").padEnd(length);
  for (let index = 0; index < length; index++) bytes[at * 2 + (index ^ 1)] = ascii.charCodeAt(index);
}

function getText(bytes: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += String.fromCharCode(bytes[at * 2 + (index ^ 1)]!);
  return text.trimEnd();
}
