import { describe, expect, it } from "vitest";
import { serializeEthernet } from "../ethernet/ethernet.ts";
import { bytes } from "../ethernet/fixture.ts";
import { BROADCAST_MAC, type MacAddress } from "../ethernet/mac.ts";
import { type Export, ExportError } from "../export/export.ts";
import { ExportHub } from "../export/hub.ts";
import { encodeUtf8 } from "../nbd/text.ts";
import { formatAoeAddress } from "./address.ts";
import { ataCommand } from "./ata-device.ts";
import { configCommand } from "./config-message.ts";
import {
  maskCommand,
  maskDirective,
  maskError,
  parseMaskMessage,
  serializeMaskMessage,
} from "./mask-message.ts";
import { aoeCommand, aoeError } from "./message.ts";
import { parseReserveMessage, reserveCommand, serializeReserveMessage } from "./reserve-message.ts";
import { AoeStation } from "./station.ts";
import { AoeInitiator, ataArgument, configQuery, type FoundTarget } from "./testing/initiator.ts";

const STATION: MacAddress = 0x026e72000002;
const ALICE: MacAddress = 0x020000000a11;
const BOB: MacAddress = 0x020000000b0b;
const E0_1: FoundTarget = { address: { shelf: 0, slot: 1 }, mac: STATION };
const E0_2: FoundTarget = { address: { shelf: 0, slot: 2 }, mac: STATION };
const E7_1: FoundTarget = { address: { shelf: 7, slot: 1 }, mac: STATION };
const EVERYONE: FoundTarget = { address: { shelf: 0xffff, slot: 0xff }, mac: BROADCAST_MAC };
const READY = 0x40;
const READY_ERROR = 0x41;
const NOTHING = new Uint8Array(0);

interface MemoryOptions {
  readonly sizeBytes?: number;
  readonly readOnly?: boolean;
  readonly name?: string;
}

/** An export in memory, behind the hub. Reads wait while `gate` is closed. */
function memory({ sizeBytes = 64 * 512, readOnly = true, name = "kisroot" }: MemoryOptions = {}) {
  const image = Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31 + (at >>> 9)) & 255);
  const state = { image, gate: Promise.resolve(), broken: false, flushes: 0, order: [] as number[] };
  const back: Export = {
    name,
    sizeBytes,
    readOnly,
    description: "memory",
    async read(offset, length) {
      await state.gate;
      if (state.broken) throw new ExportError("EIO", "broken");
      return image.slice(offset, offset + length);
    },
    ...(!readOnly && {
      async write(offset: number, data: Uint8Array) {
        const gate = state.gate;
        state.gate = Promise.resolve();
        await gate;
        if (state.broken) throw new ExportError("EIO", "broken");
        image.set(data, offset);
        state.order.push(data[0]!);
      },
      async flush() {
        if (state.broken) throw new ExportError("EIO", "broken");
        state.flushes++;
      },
    }),
  };
  const hub = new ExportHub();
  hub.add(back);
  return { ...state, state, hub, export: hub.get(name)! };
}

function setUp(options: { mtu?: number; bufferCount?: number } = {}) {
  const initiators = new Map<MacAddress, AoeInitiator>();
  const sent: Uint8Array[] = [];
  const station: AoeStation = new AoeStation({
    mac: STATION,
    mtu: options.mtu ?? 1500,
    ...(options.bufferCount !== undefined && { bufferCount: options.bufferCount }),
    transmit: (frame) => {
      sent.push(frame);
      for (const one of initiators.values()) one.receive(frame);
    },
  });
  const join = (mac: MacAddress) => {
    const transmit = (frame: Uint8Array) => station.receive(frame);
    const one = new AoeInitiator({ mac, transmit, after: () => () => {}, retryMs: 0 });
    initiators.set(mac, one);
    return one;
  };
  return { station, alice: join(ALICE), bob: join(BOB), sent };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("discovery", () => {
  it("finds every target, each in its place", async () => {
    const { station, alice } = setUp();
    for (const { address } of [E0_1, E0_2, E7_1]) station.add(address, memory().export);
    const places = async (shelf: number, slot: number) => {
      alice.heard.length = 0;
      alice.send(
        { address: { shelf, slot }, mac: BROADCAST_MAC },
        aoeCommand.config,
        configQuery(0, NOTHING),
      );
      await settled();
      return alice.heard.map(({ message }) => formatAoeAddress(message));
    };
    expect(await places(0xffff, 0xff)).toEqual(["e0.1", "e0.2", "e7.1"]);
    expect(await places(0, 0xff)).toEqual(["e0.1", "e0.2"]);
    expect(await places(0xffff, 1)).toEqual(["e0.1", "e7.1"]);
    expect(await places(7, 1)).toEqual(["e7.1"]);
    expect(await places(7, 2)).toEqual([]);
    expect(station.counters.otherTarget).toBe(1);
  });

  it("says how many sectors go into a frame, and how many requests may be under way", async () => {
    for (const [mtu, sectorsPerCommand] of [
      [1500, 2],
      [9000, 17],
    ] as const) {
      const { station, alice } = setUp({ mtu, bufferCount: 7 });
      station.add(E0_1.address, memory().export);
      expect(await alice.config(EVERYONE)).toMatchObject({
        sectorsPerCommand,
        bufferCount: 7,
        aoeVersion: 1,
      });
    }
  });

  it("need not ask: a target is announced when it comes, and when the station is told to", () => {
    const { station, alice, sent } = setUp();
    station.add(E0_2.address, memory().export);
    station.announce();
    expect(
      alice.heard.map(({ message }) => [formatAoeAddress(message), message.tag, message.response]),
    ).toEqual([
      ["e0.2", 0, true],
      ["e0.2", 0, true],
    ]);
    expect([...sent[0]!.subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
    expect(station.counters.announcements).toBe(2);
  });

  it("refuses a second target in the same place", () => {
    const { station } = setUp();
    station.add(E0_1.address, memory().export);
    expect(() => station.add(E0_1.address, memory().export)).toThrow("There are two AoE targets e0.1.");
  });
});

describe("the device", () => {
  it("tells what it is", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory({ sizeBytes: 100 * 512 }).export);
    expect(await alice.identify(E0_1)).toEqual({
      serial: "e0.1:kisroot",
      firmware: "1",
      model: "netroot AoE target",
      sectors: 100,
    });
  });

  it("gives its sectors, by addresses of 28 bits and of 48", async () => {
    const { image, ...back } = memory();
    const { station, alice } = setUp();
    station.add(E0_1.address, back.export);
    expect(await alice.read(E0_1, 5, 2)).toEqual(image.slice(5 * 512, 7 * 512));
    // 28 bits: what is above them is not part of the address.
    const short = { command: ataCommand.readSectors, lba: 5 + 2 ** 28, sectors: 1 };
    const answer = await alice.ata(E0_1, short);
    expect(answer).toMatchObject({
      commandStatus: READY,
      errorFeature: 0,
      sectors: 0,
      data: image.slice(2560, 3072),
    });
    const long = await alice.ata(E0_1, { ...short, command: ataCommand.readSectorsExt });
    expect(long).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x10, sectors: 1, data: NOTHING });
  });

  it("has no sectors beyond its end, and says so", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory({ sizeBytes: 8 * 512 }).export);
    expect(await alice.read(E0_1, 6, 2)).toHaveLength(1024);
    for (const command of [ataCommand.readSectors, ataCommand.readSectorsExt]) {
      const answer = await alice.ata(E0_1, { command, lba: 7, sectors: 2 });
      expect(answer).toMatchObject({
        commandStatus: READY_ERROR,
        errorFeature: 0x10,
        sectors: 2,
        data: NOTHING,
      });
    }
  });

  it("ends in zeros where the image ends within a sector", async () => {
    const { image, ...back } = memory({ sizeBytes: 3 * 512 + 10 });
    const { station, alice } = setUp();
    station.add(E0_1.address, back.export);
    expect((await alice.identify(E0_1)).sectors).toBe(4);
    expect(await alice.read(E0_1, 2, 2)).toEqual(bytes(image.slice(1024), new Uint8Array(502)));
    const writable = memory({ sizeBytes: 3 * 512 + 10, readOnly: false });
    station.add(E0_2.address, writable.export);
    expect((await alice.identify(E0_2)).sectors).toBe(3);
  });

  it("takes writes, by addresses of 28 bits and of 48, and flushes them", async () => {
    const back = memory({ readOnly: false });
    const { station, alice } = setUp();
    station.add(E0_1.address, back.export);
    const data = new Uint8Array(1024).fill(7);
    for (const [command, lba] of [
      [ataCommand.writeSectors, 3],
      [ataCommand.writeSectorsExt, 10],
    ] as const) {
      // Padding behind the data is no data.
      const answer = await alice.ata(E0_1, { command, lba, sectors: 1, data });
      expect(answer).toMatchObject({
        commandStatus: READY,
        errorFeature: 0,
        sectors: 0,
        write: true,
        data: NOTHING,
      });
      expect(back.image.slice(lba * 512, (lba + 1) * 512)).toEqual(data.slice(512));
      expect(back.image[(lba + 1) * 512 + 1]).not.toBe(7);
    }
    for (const command of [ataCommand.flushCache, ataCommand.flushCacheExt]) {
      expect(await alice.ata(E0_1, { command })).toMatchObject({ commandStatus: READY, errorFeature: 0 });
    }
    expect(back.state.flushes).toBe(2);
  });

  it("refuses writes to an export that is read-only, and changes nothing", async () => {
    const back = memory();
    const before = back.image.slice();
    const { station, alice } = setUp();
    station.add(E0_1.address, back.export);
    for (const command of [ataCommand.writeSectors, ataCommand.writeSectorsExt]) {
      const answer = await alice.ata(E0_1, { command, sectors: 1, data: new Uint8Array(512) });
      expect(answer).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x04, sectors: 1 });
    }
    expect(back.image).toEqual(before);
  });

  it("refuses SMART and what it does not know", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory().export);
    for (const command of [ataCommand.smart, 0xa1, 0x00, 0xff]) {
      const answer = await alice.ata(E0_1, { command });
      expect(answer).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x04 });
    }
    expect(await alice.ata(E0_1, { command: ataCommand.checkPowerMode })).toMatchObject({ sectors: 0xff });
  });

  it("says when its export fails", async () => {
    const back = memory({ readOnly: false });
    back.state.broken = true;
    const { station, alice } = setUp();
    station.add(E0_1.address, back.export);
    const data = new Uint8Array(512);
    const read = await alice.ata(E0_1, { command: ataCommand.readSectorsExt, sectors: 1 });
    expect(read).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x40, sectors: 1 });
    const write = await alice.ata(E0_1, { command: ataCommand.writeSectorsExt, sectors: 1, data });
    expect(write).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x04, sectors: 1 });
    const flush = await alice.ata(E0_1, { command: ataCommand.flushCache });
    expect(flush).toMatchObject({ commandStatus: READY_ERROR, errorFeature: 0x04 });
  });

  it("calls more than a frame carries, none at all, and a write without its data a bad argument", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory({ readOnly: false }).export);
    const { readSectorsExt: read, writeSectorsExt: write } = ataCommand;
    for (const request of [
      { command: read, sectors: 3 },
      { command: read, sectors: 0 },
      { command: write, sectors: 2, data: new Uint8Array(1023) },
      { command: write, sectors: 1, data: new Uint8Array(512), write: false },
    ]) {
      const { message } = await alice.ask(E0_1, aoeCommand.ata, ataArgument(request));
      expect(message).toMatchObject({ error: aoeError.badArgument });
    }
    expect(station.counters.errors).toBe(4);
  });
});

describe("what initiators may tell a target", () => {
  const text = encodeUtf8;

  it("a config string, once", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory().export);
    const say = async (command: number, words: string) => {
      const { message } = await alice.ask(E0_1, aoeCommand.config, configQuery(command, text(words)));
      return message.error;
    };
    expect(await say(configCommand.set, "room 1")).toBeUndefined();
    expect(await say(configCommand.set, "room 1")).toBeUndefined();
    expect(await say(configCommand.set, "room 2")).toBe(aoeError.configPresent);
    expect((await alice.config(E0_1)).text).toEqual(text("room 1"));
    expect(await say(configCommand.forceSet, "room 2")).toBeUndefined();
    expect((await alice.config(E0_1)).text).toEqual(text("room 2"));
    expect(await say(9, "")).toBe(aoeError.badArgument);
  });

  it("questions that only the right config string answers", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory().export);
    await alice.config(E0_1, configCommand.set, text("room 1"));
    const answers = async (command: number, words: string) => {
      alice.heard.length = 0;
      alice.send(E0_1, aoeCommand.config, configQuery(command, text(words)));
      await settled();
      return alice.heard.length;
    };
    expect(await answers(configCommand.test, "room 1")).toBe(1);
    expect(await answers(configCommand.test, "room")).toBe(0);
    expect(await answers(configCommand.testPrefix, "room")).toBe(1);
    expect(await answers(configCommand.testPrefix, "")).toBe(1);
    expect(await answers(configCommand.testPrefix, "room 12")).toBe(0);
    expect(await answers(configCommand.testPrefix, "boom")).toBe(0);
  });

  it("who may speak to it at all", async () => {
    const { station, alice, bob } = setUp();
    station.add(E0_1.address, memory().export);
    const edit = async (...directives: { command: number; mac: MacAddress }[]) => {
      const message = { command: maskCommand.edit, error: 0, directives, count: directives.length };
      const { message: answer } = await alice.ask(E0_1, aoeCommand.maskList, serializeMaskMessage(message));
      return parseMaskMessage(answer.argument);
    };
    const { add, remove, none } = maskDirective;
    const list = await edit(
      { command: add, mac: ALICE },
      { command: none, mac: 0 },
      { command: add, mac: ALICE },
    );
    expect(list).toMatchObject({ error: 0, directives: [{ mac: ALICE }] });

    bob.heard.length = 0;
    bob.send(E0_1, aoeCommand.config, configQuery(0, NOTHING));
    bob.send(E0_1, aoeCommand.ata, ataArgument({ command: ataCommand.identifyDevice, sectors: 1 }));
    await settled();
    expect(station.counters.masked).toBe(2);
    expect((await alice.identify(E0_1)).sectors).toBe(64);

    expect(await edit({ command: add, mac: BOB }, { command: 9, mac: 0 })).toMatchObject({
      error: maskError.badDirective,
      count: 1,
    });
    const many = Array.from({ length: 40 }, (_, index) => ({ command: add, mac: 100 + index }));
    expect(await edit(...many)).toMatchObject({ error: maskError.listFull, count: 30 });
    const everyone = [...many, { command: add, mac: ALICE }, { command: add, mac: BOB }];
    expect(await edit(...everyone.map(({ mac }) => ({ command: remove, mac })))).toMatchObject({
      directives: [],
    });
    expect((await bob.identify(E0_1)).sectors).toBe(64);
    const { message } = await alice.ask(E0_1, aoeCommand.maskList, bytes("00 07 00 00"));
    expect(message.error).toBe(aoeError.badArgument);
  });

  it("who may use its device", async () => {
    const { station, alice, bob } = setUp();
    station.add(E0_1.address, memory().export);
    const reserve = async (who: AoeInitiator, command: number, ...macs: MacAddress[]) => {
      const { message } = await who.ask(E0_1, aoeCommand.reserve, serializeReserveMessage({ command, macs }));
      return [message.error, parseReserveMessage(message.argument)];
    };
    const holds = (...macs: MacAddress[]) => expect.objectContaining({ macs });
    expect(await reserve(alice, reserveCommand.read)).toEqual([undefined, holds()]);
    expect(await reserve(alice, reserveCommand.set, ALICE)).toEqual([undefined, holds(ALICE)]);
    expect(await reserve(bob, reserveCommand.set, BOB)).toEqual([aoeError.reserved, holds(ALICE)]);
    await expect(bob.read(E0_1, 0, 1)).rejects.toThrow(`AoE error ${aoeError.reserved}`);
    expect(await alice.read(E0_1, 0, 1)).toHaveLength(512);
    expect((await bob.identify(E0_1)).sectors).toBe(64);
    expect(await reserve(bob, reserveCommand.forceSet, BOB)).toEqual([undefined, holds(BOB)]);
    expect(await reserve(bob, reserveCommand.set)).toEqual([undefined, holds()]);
    expect(await alice.read(E0_1, 0, 1)).toHaveLength(512);
    expect(await reserve(alice, 9)).toEqual([aoeError.badArgument, holds()]);
  });

  it("nothing in commands and versions that it does not know", async () => {
    const { station, alice, sent } = setUp();
    station.add(E0_1.address, memory().export);
    const { message } = await alice.ask(E0_1, 0x77, NOTHING);
    expect(message.error).toBe(aoeError.unknownCommand);
    station.receive(
      serializeEthernet({
        destination: STATION,
        source: ALICE,
        type: 0x88a2,
        payload: bytes("20 00 0000 01 01 00000009"),
      }),
    );
    await settled();
    expect(sent.at(-1)!.slice(14, 16)).toEqual(bytes("1c 05"));
  });
});

describe("a request", () => {
  const read = ataArgument({ command: ataCommand.readSectorsExt, lba: 1, sectors: 1 });

  it("is answered once while it is under way, however often it comes; and again when it comes later", async () => {
    const back = memory();
    let open = () => {};
    back.state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { station, alice, bob } = setUp();
    station.add(E0_1.address, back.export);
    alice.heard.length = 0;
    for (let times = 0; times < 3; times++) alice.send(E0_1, aoeCommand.ata, read, 77);
    bob.send(E0_1, aoeCommand.ata, read, 77);
    open();
    await settled();
    // Both initiators hear everything here.
    expect(alice.heard).toHaveLength(2);
    expect(station.counters.duplicates).toBe(2);
    // What two want at once is read once.
    expect(back.hub.counters("kisroot")!.reads).toBe(1);
    alice.send(E0_1, aoeCommand.ata, read, 77);
    await settled();
    expect(alice.heard).toHaveLength(3);
  });

  it("is dropped and counted where the buffer count says so, for its initiator only", async () => {
    const back = memory();
    let open = () => {};
    back.state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { station, alice, bob } = setUp({ bufferCount: 4 });
    station.add(E0_1.address, back.export);
    alice.heard.length = 0;
    for (let count = 0; count < 10; count++) alice.send(E0_1, aoeCommand.ata, read);
    expect(station.counters.busy).toBe(6);
    bob.send(E0_1, aoeCommand.ata, read, 999);
    expect(station.counters.busy).toBe(6);
    open();
    await settled();
    expect(alice.heard).toHaveLength(5);
    alice.send(E0_1, aoeCommand.ata, read);
    await settled();
    expect(alice.heard).toHaveLength(6);
  });

  it("to write where another one writes waits for it", async () => {
    const back = memory({ readOnly: false });
    let open = () => {};
    back.state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { station, alice } = setUp({ mtu: 9000 });
    station.add(E0_1.address, back.export);
    const write = (lba: number, value: number) => {
      const data = new Uint8Array(1024).fill(value);
      return alice.ata(E0_1, { command: ataCommand.writeSectorsExt, lba, sectors: 2, data });
    };
    const all = [write(4, 1), write(5, 2), write(10, 3)];
    await all[2];
    expect(back.state.order).toEqual([3]);
    open();
    await Promise.all(all);
    expect(back.state.order).toEqual([3, 1, 2]);
    expect(back.image[5 * 512]).toBe(2);
  });

  it("that is malformed is counted, and so is noise; an answer of another target is none", async () => {
    const { station, sent } = setUp();
    station.add(E0_1.address, memory().export);
    sent.length = 0;
    const receive = (payload: Uint8Array, destination = STATION, type = 0x88a2, source = ALICE) =>
      station.receive(serializeEthernet({ destination, source, type, payload }));
    receive(bytes("10 00 0000 01"));
    receive(bytes("10 00 0000 01 00 00000001", "00 00"));
    receive(bytes("10 00 0000 01 01 00000001", "0000 0000 00 13 0009"));
    receive(bytes("10 00 0000 01 02 00000001", "00 01 00 09"));
    receive(bytes("10 00 0000 01 03 00000001", "01 09"));
    receive(bytes("10 00 0000 01 01 00000001", "0000 0000 00 10 0000"), STATION, 0x88a2, BROADCAST_MAC);
    await settled();
    expect(station.counters.malformed).toBe(6);
    // For someone else, of another protocol, or an answer.
    receive(bytes("10 00 0000 01 01 00000001", "0000 0000 00 10 0000"), BOB);
    receive(bytes("10 00 0000 01 01 00000001", "0000 0000 00 10 0000"), STATION, 0x0800);
    receive(bytes("18 00 0000 01 01 00000001", "0000 0000 00 10 0000"));
    station.receive(new Uint8Array(5));
    await settled();
    expect(sent).toEqual([]);
    expect(station.counters.malformed).toBe(6);
  });

  it("is answered no more when the station is closed", async () => {
    const { station, alice } = setUp();
    station.add(E0_1.address, memory().export);
    alice.heard.length = 0;
    alice.send(E0_1, aoeCommand.ata, read);
    station.close();
    alice.send(E0_1, aoeCommand.ata, read);
    await settled();
    expect(alice.heard).toEqual([]);
  });
});
