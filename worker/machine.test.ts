import { describe, expect, it, onTestFinished } from "vitest";
import { nodePlatform } from "../cli/engine/node-platform.ts";
import type { MachineEvent, MachineSettings } from "./interface.ts";
import { Machine } from "./machine.ts";
import { CountingPlatform } from "./testing/counting-platform.ts";
import { anyKernel, CTRL_R, CTRL_X, echoBios, GREETING } from "./testing/echo-bios.ts";

const SETTINGS: MachineSettings = {
  boot: "direct",
  nic: "virtio",
  memoryMiB: 64,
  append: "root=x",
  kernelUrl: "http://relay/boot/linux",
  initrdUrls: [],
  biosUrl: "http://relay/firmware/bios.bin",
  vgaBiosUrl: "http://relay/firmware/vgabios.bin",
  wireUrl: "ws://relay/wire",
};

const NOTHING_OPEN = { sockets: 0, timers: 0, turnTakers: 0, fetches: 0 };

/** A real emulator with a firmware that greets and echoes. */
function setUp() {
  const platform = new CountingPlatform(nodePlatform);
  platform.files.set(SETTINGS.kernelUrl, anyKernel());
  platform.files.set(SETTINGS.biosUrl, echoBios());
  platform.files.set(SETTINGS.vgaBiosUrl, new Uint8Array(512));
  const machine = new Machine(platform);
  onTestFinished(() => machine.powerOff());
  const events: MachineEvent[] = [];
  const waiting: (() => void)[] = [];
  let batches = 0;
  machine.observe((batch) => {
    batches += 1;
    events.push(...batch);
    for (const look of [...waiting]) look();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiting.splice(waiting.indexOf(look), 1);
        resolve();
      };
      waiting.push(look);
      look();
    });
  const serial = () =>
    events
      .flatMap((event) => (event.type === "serial" ? [Buffer.from(event.bytes).toString("latin1")] : []))
      .join("");
  const powers = () => events.flatMap((event) => (event.type === "power" ? [event.state] : []));
  const problems = () => events.flatMap((event) => (event.type === "problem" ? [event.problem.code] : []));
  return { platform, machine, events, until, serial, powers, problems, batches: () => batches };
}

describe("the machine", () => {
  it("runs, says so, and is heard on the serial line", async () => {
    const { machine, until, serial, powers, events } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    await until(() => powers().includes("running"));
    expect(powers()).toEqual(["off", "starting", "running"]);
    expect(events.find((event) => event.type === "download")).toMatchObject({
      receivedBytes: expect.any(Number),
    });
    const milestones = events.findLast((event) => event.type === "milestones");
    expect(milestones?.type === "milestones" && milestones.milestones[0]).toMatchObject({
      name: "power-on",
      state: "done",
    });
  });

  it("loses no byte of a paste of ten kilobytes", async () => {
    const { machine, until, serial, batches } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    const paste = Array.from({ length: 10_240 }, (_, index) => 0x20 + (index % 95));
    const before = batches();
    machine.sendSerial(Uint8Array.from(paste));
    await until(() => serial().length >= 1 + paste.length);
    expect(serial()).toBe(GREETING + String.fromCharCode(...paste));
    // Bytes come out one by one, and are told in batches.
    expect(batches() - before).toBeLessThan(1000);
  });

  it.each(["virtio", "ne2k"] as const)("lets a card without a driver hear nothing: %s", async (nic) => {
    const { machine, until, serial, platform, events } = setUp();
    await machine.powerOn({ ...SETTINGS, nic });
    const { handlers } = platform.sockets[0]!;
    handlers.opened();
    for (let index = 0; index < 100; index++) handlers.message(new Uint8Array(60).fill(0xff));
    machine.sendSerial(Uint8Array.of(0x61));
    await until(() => serial() === `${GREETING}a`);
    await until(() =>
      events.some(
        (event) => event.type === "wire" && event.counters.dropped === 100 && event.counters.framesIn === 0,
      ),
    );
  });

  it("stands still while it is paused, and goes on", async () => {
    const { machine, until, serial, powers } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    await machine.pause();
    machine.sendSerial(Uint8Array.of(0x61));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(serial()).toBe(GREETING);
    await machine.resume();
    await until(() => serial() === `${GREETING}a`);
    expect(powers()).toEqual(["off", "starting", "running", "paused", "running"]);
  });

  it("stays usable when pause and resume come at once", async () => {
    const { machine, until, serial } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    await Promise.all([machine.pause(), machine.resume(), machine.pause(), machine.resume()]);
    machine.sendSerial(Uint8Array.of(0x61));
    await until(() => serial() === `${GREETING}a`);
  });

  it("is switched off and on again by a reset", async () => {
    const { machine, until, serial, powers, platform } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    await machine.reset();
    await until(() => serial() === GREETING + GREETING);
    expect(powers()).toEqual(["off", "starting", "running", "off", "starting", "running"]);
    expect(platform.open).toMatchObject({ sockets: 1, turnTakers: 1, fetches: 0 });
  });

  it("takes a reboot of the guest for a reset", async () => {
    const { machine, until, serial, powers } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    machine.sendSerial(Uint8Array.of(CTRL_R));
    await until(() => serial() === GREETING + GREETING && powers().at(-1) === "running");
    expect(powers()).toEqual(["off", "starting", "running", "off", "starting", "running"]);
  });

  it("is off when the guest halts for ever, and says so", async () => {
    const { machine, until, serial, powers, problems, platform } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    machine.sendSerial(Uint8Array.of(CTRL_X));
    await until(() => powers().at(-1) === "off");
    expect(problems()).toEqual(["guest-halted"]);
    expect(platform.open).toMatchObject({ sockets: 0, turnTakers: 0 });
  });

  it("closes all that it opened, whenever it is switched off", async () => {
    const moments: Record<string, (machine: Machine, platform: CountingPlatform) => Promise<unknown>> = {
      fetching: async (machine, platform) => {
        platform.files.delete(SETTINGS.kernelUrl);
        platform.hangOnMissing = true;
        const starting = machine.powerOn(SETTINGS);
        await machine.powerOff();
        return starting;
      },
      building: async (machine) => {
        const starting = machine.powerOn(SETTINGS);
        // The files are there; the emulator is being built.
        await new Promise((resolve) => setTimeout(resolve, 5));
        await machine.powerOff();
        return starting;
      },
      running: async (machine) => {
        await machine.powerOn(SETTINGS);
        await machine.powerOff();
      },
      paused: async (machine) => {
        await machine.powerOn(SETTINGS);
        await machine.pause();
        await machine.powerOff();
      },
      twice: async (machine) => {
        await machine.powerOn(SETTINGS);
        await Promise.all([machine.powerOff(), machine.powerOff(), machine.pause()]);
      },
    };
    for (const [moment, act] of Object.entries(moments)) {
      const { machine, platform, until, powers } = setUp();
      await act(machine, platform);
      await until(() => powers().at(-1) === "off" && powers().length > 1);
      // The batch that said so was the last timer.
      expect({ moment, ...platform.open }).toEqual({ moment, ...NOTHING_OPEN });
    }
  });

  it("says what is wrong with its files, and is off again", async () => {
    const { machine, platform, until, powers, problems, events } = setUp();
    platform.files.delete(SETTINGS.kernelUrl);
    await machine.powerOn(SETTINGS);
    await until(() => powers().at(-1) === "off" && powers().length > 1);
    expect(problems()).toEqual(["kernel-missing"]);
    expect(platform.open).toEqual(NOTHING_OPEN);
    const milestones = events.findLast((event) => event.type === "milestones");
    expect(
      milestones?.type === "milestones" && milestones.milestones.find((m) => m.state === "failed")?.name,
    ).toBe("download");
  });

  it("says that its emulator is another one", async () => {
    const { machine, platform, until, powers, problems } = setUp();
    // The smallest module there is: it has nothing of what is looked for in it.
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    platform.loadEmulator = () => Promise.resolve(empty);
    await machine.powerOn(SETTINGS);
    await until(() => powers().at(-1) === "off" && powers().length > 1);
    expect(problems()).toEqual(["emulator-version"]);
    expect(platform.open).toEqual(NOTHING_OPEN);
  });

  it("warns of an append line without a root", async () => {
    const { machine, until, problems } = setUp();
    await machine.powerOn({ ...SETTINGS, append: "console=ttyS0" });
    await until(() => problems().length > 0);
    expect(problems()).toEqual(["append-without-root"]);
  });

  it("says that the relay is away, and when it went", async () => {
    const { machine, until, problems, platform } = setUp();
    await machine.powerOn(SETTINGS);
    platform.sockets[0]!.handlers.opened();
    platform.sockets[0]!.handlers.closed();
    // A cut is nothing to speak of while the relay answers at once.
    while (platform.sockets.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(problems()).toEqual([]);
    platform.sockets[1]!.handlers.closed();
    await until(() => problems().length > 0);
    expect(problems()).toEqual(["relay-lost"]);
  });

  it("ignores commands that make no sense now", async () => {
    const { machine, platform, powers, until, problems } = setUp();
    await machine.powerOff();
    await machine.reset();
    await machine.pause();
    await machine.resume();
    machine.sendSerial(Uint8Array.of(1));
    machine.sendScancodes([0x1e]);
    await machine.powerOn(SETTINGS);
    await machine.powerOn(SETTINGS);
    await machine.resume();
    expect(platform.sockets).toHaveLength(1);
    await machine.powerOff();
    await machine.powerOff();
    await until(() => powers().at(-1) === "off" && powers().length > 1);
    expect(powers()).toEqual(["off", "starting", "running", "off"]);
    expect(problems()).toEqual([]);
  });

  it("tells an observer that comes late how things are", async () => {
    const { machine, until, serial } = setUp();
    await machine.powerOn(SETTINGS);
    await until(() => serial() === GREETING);
    const late: MachineEvent[] = [];
    await new Promise<void>((resolve) => {
      machine.observe((batch) => {
        late.push(...batch);
        resolve();
      });
    });
    expect(new Set(late.map(({ type }) => type))).toEqual(
      new Set(["power", "milestones", "origin", "wire", "screen-size", "screen-rows", "cursor"]),
    );
    expect(late[0]).toEqual({ type: "power", state: "running" });
  });
});
