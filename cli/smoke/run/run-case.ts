import { EXIT } from "../../command.ts";
import { BootRecord } from "../boot/boot-record.ts";
import { Capture } from "../boot/capture.ts";
import { type BootNetwork, openNetwork } from "../boot/network.ts";
import { makeQemuPlace, powerOnQemu } from "../boot/qemu.ts";
import { Traffic } from "../boot/traffic.ts";
import { type MachineFollower, type PoweredMachine, powerOnV86 } from "../boot/v86.ts";
import type { CheckResult } from "../checks/check-result.ts";
import type { CasePlan } from "../plan.ts";
import { writeArtefacts } from "../report/artefacts.ts";
import type { CaseReport } from "../report/case-report.ts";
import { rootReads } from "../report/root-reads.ts";
import { warningsOf } from "../report/warnings.ts";
import { type CaseHooks, follow } from "./follow.ts";

const CONSOLE_TAIL_CHARACTERS = 64 * 1024;

/** Boots once and goes through the checks. Rejects with a `SmokeError` where there was nothing to boot. */
export async function runCase(plan: CasePlan, hooks: CaseHooks): Promise<CaseReport> {
  if (plan.engine === "v86") {
    return onNetwork(plan, await openNetwork(plan), hooks, (network, follower) =>
      powerOnV86(plan, network, follower),
    );
  }
  const place = await makeQemuPlace();
  try {
    const network = await openNetwork(plan, place.relaySocket);
    return await onNetwork(plan, network, hooks, (on, follower) => powerOnQemu(plan, on, place, follower));
  } finally {
    await place.remove();
  }
}

type PowerOn = (network: BootNetwork, follower: MachineFollower) => Promise<PoweredMachine>;

/** Closes the network when it is done with it. */
async function onNetwork(
  plan: CasePlan,
  network: BootNetwork,
  hooks: CaseHooks,
  powerOn: PowerOn,
): Promise<CaseReport> {
  const startedAt = new Date().toISOString();
  const startMs = performance.now();
  let machine: PoweredMachine | undefined;
  const capture = plan.artefacts.pcap === undefined ? undefined : new Capture();
  const traffic = new Traffic(capture);
  const record = new BootRecord((bytes) => machine?.send(bytes));
  const checks: CheckResult[] = [];
  const { signal, timeUp } = endsOf(plan, hooks);
  const forget = record.onChange(() => hooks.progress?.(record));
  try {
    machine = await powerOn(network, {
      events: (events) => {
        record.take(events);
        for (const event of events) if (event.type === "serial") hooks.terminal?.write(event.bytes);
      },
      frame: (frame) => traffic.take(frame),
    });
    hooks.terminal?.attach((bytes) => machine?.send(bytes));
    const { verdict, diagnosis } = await follow(plan, network.entry.append, record, checks, {
      ...hooks,
      signal,
      timeUp,
    });
    const durationMs = Math.round(performance.now() - startMs);
    const root = rootReads(network.entry.append, await network.status(), traffic);
    await hooks.terminal?.left(record, AbortSignal.any([signal, timeUp]));
    return {
      name: plan.name,
      verdict,
      exitCode: EXIT[verdict],
      flaky: false,
      attempts: 1,
      image: imageName(plan),
      engine: plan.engine,
      ...(plan.twin !== undefined && { twin: plan.twin }),
      boot: plan.boot,
      nic: plan.nic,
      memoryMiB: plan.memoryMiB,
      append: network.entry.append,
      startedAt,
      durationMs,
      milestones: record.milestones,
      checks,
      ...(root !== undefined && { root }),
      ...(diagnosis !== undefined && { diagnosis }),
      problems: [...record.problems],
      warnings: warningsOf(record.console.text),
      ...(record.counters !== undefined && { network: record.counters }),
      console: record.console.text.slice(-CONSOLE_TAIL_CHARACTERS),
      screen: record.screen.text,
      traffic: traffic.protocols,
      artefacts: await writeArtefacts(plan.artefacts, verdict, {
        serialLog: async () => record.serial,
        screenshot: async () => machine?.screenshot(),
        pcap: async () => capture?.file,
      }),
    };
  } finally {
    forget();
    hooks.terminal?.close();
    await machine?.close();
    record.console.close("the machine was switched off");
    await network.close();
  }
}

/** What ends a case: whoever asked for it or sits at its console, and its time, which counts from now. */
function endsOf({ timeoutMs }: CasePlan, { signal, terminal }: CaseHooks) {
  return {
    signal: terminal === undefined ? signal : AbortSignal.any([signal, terminal.leaving]),
    timeUp: timeoutMs === undefined ? new AbortController().signal : AbortSignal.timeout(timeoutMs),
  };
}

export function imageName({ source, relay }: CasePlan): string {
  if (relay !== undefined) return relay.replace(/#.*$/, "");
  return source.kind === "tree" ? source.tree : source.kind === "kis" ? source.folder : source.kernel;
}
