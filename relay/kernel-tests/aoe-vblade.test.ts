import { type ChildProcess, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ataCommand } from "../../net/aoe/ata-device.ts";
import { type AtaMessage, parseAtaMessage, SECTOR_BYTES } from "../../net/aoe/ata-message.ts";
import { configCommand, parseConfigMessage } from "../../net/aoe/config-message.ts";
import {
  maskCommand,
  maskDirective,
  parseMaskMessage,
  serializeMaskMessage,
} from "../../net/aoe/mask-message.ts";
import { type AoeMessage, aoeCommand } from "../../net/aoe/message.ts";
import {
  parseReserveMessage,
  reserveCommand,
  serializeReserveMessage,
} from "../../net/aoe/reserve-message.ts";
import { AoeStation } from "../../net/aoe/station.ts";
import { AoeInitiator, ataArgument, configQuery, type FoundTarget } from "../../net/aoe/testing/initiator.ts";
import { BROADCAST_MAC } from "../../net/ethernet/mac.ts";
import { encodeUtf8 } from "../../net/nbd/text.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import { afterTimeout } from "../drive.ts";
import { openFileExport } from "../exports/file-export.ts";
import { Namespace } from "../uplink/namespace.ts";
import { openTap } from "../uplink/tap.ts";

/** Where Debian's package puts it; /usr/sbin is not on everyone's path. */
const VBLADE = "/usr/sbin/vblade";
const ADDRESS = { shelf: 11, slot: 3 };
const EVERYONE: FoundTarget = { address: { shelf: 0xffff, slot: 0xff }, mac: BROADCAST_MAC };
const CLIENT = 0x020000000a11;
const STATION = 0x026e72000002;
const BUFFER_COUNT = 16;
const SECTORS = 1000;

interface Options {
  readonly mtu: number;
  readonly readOnly: boolean;
}

/** A target, and who asks it. */
interface Peer {
  readonly initiator: AoeInitiator;
  readonly target: FoundTarget;
  readonly image: string;
}

/** Where files and interfaces go away after the test. */
function imageFile(content: Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), "netroot-vblade-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "image");
  writeFileSync(path, content);
  return path;
}

function initiatorFor(transmit: FrameSink): AoeInitiator {
  return new AoeInitiator({ mac: CLIENT, transmit, after: afterTimeout, retryMs: 2_000 });
}

/** The real vblade, on the interface of a tap. */
async function vblade(content: Uint8Array, { mtu, readOnly }: Options): Promise<Peer> {
  const image = imageFile(content);
  const inside = Namespace.create();
  onTestFinished(() => inside.close());
  const tap = await openTap({ name: "tap0", namespace: inside.name, mtu });
  onTestFinished(() => tap.close());
  const initiator = initiatorFor((frame) => tap.send(frame));
  // No Buffers: they are compared with what is none.
  tap.onFrame = (frame) => initiator.receive(Uint8Array.from(frame));
  const { shelf, slot } = ADDRESS;
  const flags = ["-b", String(BUFFER_COUNT), ...(readOnly ? ["-r"] : [])];
  await started(inside.start(VBLADE, [...flags, String(shelf), String(slot), "tap0", image]));
  return { initiator, target: await initiator.discover(), image };
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout!.on("data", () => resolve());
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`vblade ended with ${code}: ${said}`)));
  });
}

/** Ours, in front of a file. */
async function ours(content: Uint8Array, { mtu, readOnly }: Options): Promise<Peer> {
  const image = imageFile(content);
  const back = await openFileExport({ path: image, name: "kisroot", readOnly });
  onTestFinished(() => back.close());
  const initiator = initiatorFor((frame) => station.receive(frame));
  const station: AoeStation = new AoeStation({
    mac: STATION,
    mtu,
    bufferCount: BUFFER_COUNT,
    transmit: (frame) => initiator.receive(frame),
  });
  station.add(ADDRESS, back);
  return { initiator, target: await initiator.discover(), image };
}

/** One request: a name for it, its command and its argument. */
type Request = readonly [name: string, command: number, argument: Uint8Array, broadcast?: true];

/** Every field of every answer to one request: none where a target keeps silent. */
async function answers({ initiator, target }: Peer, request: Request): Promise<unknown[]> {
  const [, command, argument, broadcast] = request;
  const tag = 0x7000_0000;
  initiator.heard.length = 0;
  initiator.send(broadcast ? EVERYONE : target, command, argument, tag);
  // vblade does one thing after the other: when this is answered, what was asked before is, too. Ours takes a turn or two.
  await initiator.ask(target, aoeCommand.ata, ataArgument({ command: ataCommand.checkPowerMode }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return initiator.heard.filter(({ message }) => message.tag === tag).map(({ message }) => fieldsOf(message));
}

function fieldsOf({ argument, ...header }: AoeMessage): unknown {
  switch (header.command) {
    case aoeCommand.ata:
      return {
        ...header,
        ata: ataFields(parseAtaMessage(argument) as AtaMessage, header.error !== undefined),
      };
    case aoeCommand.config:
      // Its number of the firmware's version is its maker's.
      return { ...header, config: { ...parseConfigMessage(argument), firmwareVersion: 0 } };
    case aoeCommand.maskList:
      return { ...header, masks: parseMaskMessage(argument) };
    case aoeCommand.reserve:
      return { ...header, reserved: parseReserveMessage(argument) };
    default:
      return { ...header, argument };
  }
}

/** What is behind the sectors that were done is padding: vblade leaves there what was there before. */
function ataFields({ data, ...registers }: AtaMessage, failed: boolean): unknown {
  const isError = failed || (registers.commandStatus & 1) !== 0 || registers.write;
  const whole = data.subarray(0, isError ? 0 : data.length - (data.length % SECTOR_BYTES));
  return { ...registers, data: createHash("sha256").update(whole).digest("hex"), bytes: whole.length };
}

const ata = (request: Parameters<typeof ataArgument>[0]) => ataArgument(request);
const config = (command: number, words: string) => configQuery(command, encodeUtf8(words));
const masks = (...directives: { command: number; mac: number }[]) =>
  serializeMaskMessage({ command: maskCommand.edit, error: 0, directives, count: directives.length });
const { readSectors, readSectorsExt, writeSectors, writeSectorsExt } = ataCommand;
const sectors = (count: number, value: number) => new Uint8Array(count * SECTOR_BYTES).fill(value);

/** What both answer alike, in this order: some of it changes what comes after. */
const requests: readonly Request[] = [
  ["config", aoeCommand.config, config(configCommand.read, "")],
  ["config, of everyone", aoeCommand.config, config(configCommand.read, ""), true],
  ["config, test of nothing", aoeCommand.config, config(configCommand.test, "")],
  ["config, test of something else", aoeCommand.config, config(configCommand.test, "x")],
  ["config, set", aoeCommand.config, config(configCommand.set, "room 1")],
  ["config, set again", aoeCommand.config, config(configCommand.set, "room 1")],
  ["config, set to another", aoeCommand.config, config(configCommand.set, "room 2")],
  ["config, test", aoeCommand.config, config(configCommand.test, "room 1")],
  ["config, test of its start", aoeCommand.config, config(configCommand.test, "room")],
  ["config, prefix", aoeCommand.config, config(configCommand.testPrefix, "room")],
  ["config, prefix of another", aoeCommand.config, config(configCommand.testPrefix, "rood")],
  ["config, prefix too long", aoeCommand.config, config(configCommand.testPrefix, "room 1 and more")],
  ["config, force", aoeCommand.config, config(configCommand.forceSet, "attic")],
  ["config, after that", aoeCommand.config, config(configCommand.read, "")],
  ["config, unknown", aoeCommand.config, config(9, "")],
  ["config, cut short", aoeCommand.config, new Uint8Array(7)],
  ["read of one sector", aoeCommand.ata, ata({ command: readSectorsExt, lba: 7, sectors: 1 })],
  ["read of two", aoeCommand.ata, ata({ command: readSectorsExt, lba: 100, sectors: 2 })],
  ["read by 28 bits", aoeCommand.ata, ata({ command: readSectors, lba: 2 ** 28 + 5, sectors: 1 })],
  ["read of the last", aoeCommand.ata, ata({ command: readSectorsExt, lba: SECTORS - 1, sectors: 1 })],
  ["read beyond the end", aoeCommand.ata, ata({ command: readSectorsExt, lba: SECTORS - 1, sectors: 2 })],
  ["read far beyond", aoeCommand.ata, ata({ command: readSectorsExt, lba: 2 ** 40, sectors: 1 })],
  ["read of too much", aoeCommand.ata, ata({ command: readSectorsExt, sectors: 255 })],
  ["read, cut short", aoeCommand.ata, new Uint8Array(11)],
  ["write", aoeCommand.ata, ata({ command: writeSectorsExt, lba: 20, sectors: 2, data: sectors(2, 7) })],
  [
    "write by 28 bits",
    aoeCommand.ata,
    ata({ command: writeSectors, lba: 30, sectors: 1, data: sectors(1, 8) }),
  ],
  [
    "write beyond the end",
    aoeCommand.ata,
    ata({ command: writeSectorsExt, lba: SECTORS, sectors: 1, data: sectors(1, 9) }),
  ],
  ["write of too much", aoeCommand.ata, ata({ command: writeSectorsExt, sectors: 200, data: sectors(1, 9) })],
  ["read of what was written", aoeCommand.ata, ata({ command: readSectorsExt, lba: 20, sectors: 2 })],
  ["SMART", aoeCommand.ata, ata({ command: ataCommand.smart })],
  ["IDENTIFY PACKET DEVICE", aoeCommand.ata, ata({ command: 0xa1 })],
  ["CHECK POWER MODE", aoeCommand.ata, ata({ command: ataCommand.checkPowerMode })],
  ["reservation", aoeCommand.reserve, serializeReserveMessage({ command: reserveCommand.read, macs: [] })],
  [
    "reserved",
    aoeCommand.reserve,
    serializeReserveMessage({ command: reserveCommand.set, macs: [CLIENT, STATION] }),
  ],
  ["released", aoeCommand.reserve, serializeReserveMessage({ command: reserveCommand.set, macs: [] })],
  ["reservation, unknown", aoeCommand.reserve, serializeReserveMessage({ command: 9, macs: [] })],
  ["reservation, cut short", aoeCommand.reserve, new Uint8Array(1)],
  ["an unknown command", 0x77, Uint8Array.of(1, 2, 3, 4)],
  ["masks", aoeCommand.maskList, new Uint8Array(4)],
  // No directive removes one: vblade 25 ends with a segmentation fault when it does.
  [
    "masks, two more",
    aoeCommand.maskList,
    masks({ command: 1, mac: CLIENT }, { command: 1, mac: 0x020000000b0b }),
  ],
  ["masks, no directive", aoeCommand.maskList, masks({ command: maskDirective.none, mac: 0 })],
  ["masks, a wrong directive", aoeCommand.maskList, masks({ command: 0, mac: 0 }, { command: 9, mac: 0 })],
  ["masks, unknown", aoeCommand.maskList, Uint8Array.of(0, 9, 0, 0)],
  ["masks, cut short", aoeCommand.maskList, new Uint8Array(3)],
  ["masks, after that", aoeCommand.maskList, new Uint8Array(4)],
];

const SILENT = [
  "config, test of something else",
  "config, test of its start",
  "config, prefix of another",
  "config, prefix too long",
  "config, cut short",
  "read, cut short",
  "reservation, cut short",
  "masks, cut short",
];

if (spawnSync(VBLADE).error !== undefined) throw new Error("vblade is missing: apt install vblade");

describe.each([
  { mtu: 1500, readOnly: false },
  { mtu: 9000, readOnly: false },
  { mtu: 1500, readOnly: true },
])("our target beside the real vblade, $mtu bytes of MTU, read-only: $readOnly", (options) => {
  it("answers the same, field by field", async () => {
    const content = randomBytes(SECTORS * SECTOR_BYTES);
    const real = await vblade(content, options);
    const own = await ours(content, options);
    const silent: string[] = [];
    for (const request of requests) {
      const wanted = await answers(real, request);
      expect.soft(await answers(own, request), request[0]).toEqual(wanted);
      if (wanted.length === 0) silent.push(request[0]);
    }
    expect(silent).toEqual(SILENT);
    expect(readFileSync(own.image).equals(readFileSync(real.image))).toBe(true);
    expect(readFileSync(own.image).equals(content)).toBe(options.readOnly);
  });
});

describe("where our target and vblade differ", () => {
  const options = { mtu: 1500, readOnly: false };

  it("each has its own name; the size and the addresses of 48 bits are the same", async () => {
    const content = randomBytes(SECTORS * SECTOR_BYTES);
    const real = await vblade(content, options);
    const own = await ours(content, options);
    const identity = async ({ initiator, target }: Peer) => {
      const { data } = await initiator.ata(target, { command: ataCommand.identifyDevice, sectors: 1 });
      const word = (index: number) => data[index * 2]! | (data[index * 2 + 1]! << 8);
      return { ...(await initiator.identify(target)), words: [49, 60, 61, 100, 101, 102, 103].map(word) };
    };
    const [theirs, mine] = [await identity(real), await identity(own)];
    expect(mine.words).toEqual(theirs.words);
    expect(mine.sectors).toBe(theirs.sectors);
    expect(theirs).toMatchObject({ model: "Coraid EtherDrive vblade" });
    expect(mine).toMatchObject({ model: "netroot AoE target", serial: "e11.3:kisroot" });
  });

  it("ours is ready after a flush and has the command of 48 bits; none and less than all is no write for it", async () => {
    const content = randomBytes(SECTORS * SECTOR_BYTES);
    const real = await vblade(content, options);
    const own = await ours(content, options);
    const status = async ({ initiator, target }: Peer, command: number) => {
      const { commandStatus, errorFeature } = await initiator.ata(target, { command });
      return [commandStatus, errorFeature];
    };
    expect(await status(real, ataCommand.flushCache)).toEqual([0, 0]);
    expect(await status(own, ataCommand.flushCache)).toEqual([0x40, 0]);
    expect(await status(real, ataCommand.flushCacheExt)).toEqual([0x41, 0x04]);
    expect(await status(own, ataCommand.flushCacheExt)).toEqual([0x40, 0]);
  });
});
