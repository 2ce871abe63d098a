import type { ExportHub } from "../../net/export/hub.ts";
import { BootTrace, blockCountOf } from "../../net/near/boot-trace.ts";
import type { TraceReport } from "../../net/near/offer.ts";

/** The boot traces of the exports of a relay, for as long as it runs: an image is opened once in that time. */
export class BootTraces {
  readonly #hub: ExportHub;
  readonly #traces = new Map<string, BootTrace>();

  constructor(hub: ExportHub) {
    this.#hub = hub;
  }

  /** False for an export that there is not. */
  add({ name, blocks }: TraceReport): boolean {
    const sizeBytes = this.#hub.get(name)?.sizeBytes;
    if (sizeBytes === undefined) return false;
    let trace = this.#traces.get(name);
    if (trace === undefined) {
      trace = new BootTrace();
      this.#traces.set(name, trace);
    }
    trace.add(blocks, blockCountOf(sizeBytes));
    return true;
  }

  of(name: string): readonly number[] {
    return this.#traces.get(name)?.list() ?? [];
  }
}
