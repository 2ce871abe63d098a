import { expose } from "comlink";
import { afterEach, expect, test, vi } from "vitest";
import type { MachineApi, MachineEvent, MachineObserver, MachineSettings } from "../../worker/interface.ts";
import { WorkerClient } from "./worker-client.ts";

const settings = {} as MachineSettings;
const open: FakeWorker[] = [];

/** A worker that is a message channel: its other end is a machine that only says that it is off, then starting. */
class FakeWorker extends EventTarget {
  readonly #channel = new MessageChannel();
  terminated = false;

  constructor() {
    super();
    let observer: MachineObserver = () => {};
    const api = {
      observe(next: MachineObserver) {
        observer = next;
        observer([{ type: "power", state: "off" }]);
      },
      async powerOn() {
        observer([{ type: "power", state: "starting" }]);
        observer([{ type: "power", state: "off" }]);
      },
    } satisfies Partial<MachineApi>;
    expose(api, this.#channel.port2);
    this.#channel.port1.start();
    this.#channel.port1.addEventListener("message", ({ data }) =>
      this.dispatchEvent(new MessageEvent("message", { data })),
    );
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#channel.port1.postMessage(message, transfer);
  }

  terminate(): void {
    this.terminated = true;
    this.#channel.port1.close();
  }

  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
}

function start() {
  const workers: FakeWorker[] = [];
  const heard: string[] = [];
  const client = new WorkerClient({
    createWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      open.push(worker);
      return worker as unknown as Worker;
    },
    onEvents: (events: readonly MachineEvent[]) => {
      for (const event of events) {
        if (event.type === "power") heard.push(event.state);
        if (event.type === "problem") heard.push(event.problem.code);
      }
    },
  });
  return { client, workers, heard };
}

afterEach(() => {
  for (const worker of open.splice(0)) worker.terminate();
});

test("the click is answered at once, and a worker that was off until then does not contradict it", async () => {
  const { client, heard } = start();
  client.powerOn(settings);
  expect(heard).toEqual(["starting"]);
  await vi.waitFor(() => expect(heard).toEqual(["starting", "starting", "off"]));
});

test("a worker that cannot be loaded ends in a sentence and a machine that is off", () => {
  const { client, heard, workers } = start();
  client.load();
  workers[0]?.fail("");
  expect(heard).toEqual(["worker-load-failed", "off"]);
  expect(workers[0]?.terminated).toBe(true);
});

test("a worker that crashed is replaced at the next power-on", async () => {
  const { client, heard, workers } = start();
  client.load();
  await vi.waitFor(() => expect(heard).toEqual(["off"]));
  workers[0]?.fail("out of memory");
  expect(heard).toEqual(["off", "worker-crashed", "off"]);
  client.powerOn(settings);
  expect(workers).toHaveLength(2);
  await vi.waitFor(() => expect(heard.slice(3)).toEqual(["starting", "starting", "off"]));
});

test("commands to a machine that was never started are nothing", () => {
  const { client, heard, workers } = start();
  client.powerOff();
  client.reset();
  client.sendSerial(new Uint8Array(1));
  expect(heard).toEqual([]);
  expect(workers).toEqual([]);
});
