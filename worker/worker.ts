import { expose, transfer } from "comlink";
import emulatorUrl from "v86/build/v86.wasm?url";
import { fetchFile } from "./boot-files/fetch-file.ts";
import { fetchOnce } from "./boot-files/fetch-once.ts";
import { keptFiles } from "./boot-files/kept-files.ts";
import { opfsCheckpoints } from "./checkpoint/opfs-store.ts";
import { BrowserDisks } from "./disk/browser-disks.ts";
import type { DisksApi, MachineApi, MachineObserver } from "./interface.ts";
import { Machine } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { transferables } from "./transferables.ts";
import { afterTimeout, messageTurns, performanceClock } from "./wall-timers.ts";
import { attach } from "./wire/socket.ts";

// The machine in a browser's dedicated worker. The page talks to it through `interface.ts` and comlink.

let emulator: Promise<Uint8Array<ArrayBuffer>> | undefined;

const disks = new BrowserDisks();

const platform: Platform = {
  clock: performanceClock,
  after: afterTimeout,
  random: Math.random,
  openTurns: messageTurns,
  timeOfDay: Date.now,
  checkpoints: opfsCheckpoints(),
  disks,
  fetchFile: fetchOnce(fetchFile, keptFiles()),
  openSocket: (url, protocols, handlers) => attach(new WebSocket(url, [...protocols]), handlers),
  loadEmulator() {
    emulator ??= loadEmulator();
    // A failed attempt is not the last one.
    emulator.catch(() => {
      emulator = undefined;
    });
    return emulator;
  },
};

async function loadEmulator(): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(emulatorUrl);
  if (!response.ok) throw new Error(`The emulator's code could not be fetched (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}

const machine = new Machine(platform);

const api: MachineApi & DisksApi = {
  observe(observer: MachineObserver) {
    machine.observe((events) => observer(transfer(events, transferables(events))));
  },
  powerOn: (settings) => machine.powerOn(settings),
  powerOff: () => machine.powerOff(),
  reset: () => machine.reset(),
  pause: () => machine.pause(),
  resume: () => machine.resume(),
  sendSerial: (bytes) => machine.sendSerial(bytes),
  sendScancodes: (codes) => machine.sendScancodes(codes),
  readPackets(position, maxBytes) {
    const batch = machine.readPackets(position, maxBytes);
    const { lengths, timesMs, fromGuest, bytes } = batch;
    return transfer(
      batch,
      [lengths, timesMs, fromGuest, bytes].map(({ buffer }) => buffer as ArrayBuffer),
    );
  },
  listDisks: () => disks.listDisks(),
  createDisk: (name, sizeMiB) => disks.createDisk(name, sizeMiB),
  renameDisk: (name, newName) => disks.renameDisk(name, newName),
  duplicateDisk: (name, newName) => disks.duplicateDisk(name, newName),
  downloadDisk: (name) => disks.downloadDisk(name),
  uploadDisk: (name, image) => disks.uploadDisk(name, image),
  resetDisk: (name) => disks.resetDisk(name),
  deleteDisk: (name) => disks.deleteDisk(name),
};

expose(api);
