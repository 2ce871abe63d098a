import type { ByteStream } from "../stream/stream.ts";
import { closeFlow } from "./deliver.ts";
import { sendReset } from "./emit.ts";
import type { Flow } from "./flow.ts";
import { resumeReading } from "./text.ts";
import { transmit } from "./transmit.ts";

/** The user's calls of one flow (RFC 9293, sections 3.10.2 to 3.10.5). `guard` runs each as one step of the endpoint. */
export class Connection implements ByteStream {
  readonly #flow: Flow;
  readonly #guard: (step: () => void) => void;

  constructor(flow: Flow, guard: (step: () => void) => void) {
    this.#flow = flow;
    this.#guard = guard;
  }

  write(...pieces: readonly Uint8Array[]): boolean {
    return this.#write(pieces, undefined);
  }

  /** `done` when all of it was acknowledged, for until then it may have to be sent again. */
  lend(done: () => void, ...pieces: readonly Uint8Array[]): boolean {
    return this.#write(pieces, done);
  }

  #write(pieces: readonly Uint8Array[], done: (() => void) | undefined): boolean {
    const flow = this.#flow;
    if (flow.finQueued || isOver(flow)) {
      done?.();
      return false;
    }
    const { settings, counters } = flow.context;
    for (const bytes of pieces) flow.sendQueue.push(bytes);
    if (done !== undefined) flow.sendQueue.callWhenReleased(done);
    if (flow.sendQueue.length > settings.sendLimit) {
      counters.sendQueueOverflows += 1;
      this.abort();
      return false;
    }
    this.#guard(() => transmit(flow));
    if (flow.sendQueue.length < settings.sendHighWater) return true;
    flow.writerWaits = true;
    return false;
  }

  end(): void {
    const flow = this.#flow;
    if (flow.finQueued || isOver(flow)) return;
    flow.finQueued = true;
    if (flow.state === "ESTABLISHED") flow.state = "FIN-WAIT-1";
    else if (flow.state === "CLOSE-WAIT") flow.state = "LAST-ACK";
    this.#guard(() => transmit(flow));
  }

  abort(): void {
    const flow = this.#flow;
    if (flow.state === "CLOSED" || flow.state === "TIME-WAIT") {
      // Over for the peer; the reader may still have had something to read.
      flow.paused = false;
      flow.received = [];
      this.#guard(() => resumeReading(flow));
      return;
    }
    this.#guard(() => {
      if (flow.state !== "SYN-SENT") sendReset(flow);
      closeFlow(flow, "aborted");
    });
  }

  pause(): void {
    this.#flow.paused = true;
  }

  resume(): void {
    if (this.#flow.paused) this.#guard(() => resumeReading(this.#flow));
  }
}

function isOver(flow: Flow): boolean {
  return flow.state === "CLOSED" || flow.state === "TIME-WAIT";
}
