import {
  type BlockPath,
  type BootOrigin,
  type DiskState,
  type MachineEvent,
  MILESTONES,
  type Milestone,
  type PowerState,
  type Problem,
  type WireCounters,
} from "../../worker/interface.ts";

export interface Download {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes?: number;
}

export type WireState = Extract<MachineEvent, { type: "wire" }>["state"];

/** What the page knows of the machine. Console bytes and screen rows go to their views instead: they are streams. */
export interface MachineState {
  readonly power: PowerState;
  /** How this boot began, once that is known. */
  readonly origin?: BootOrigin;
  /** The disk in it, where there is one. */
  readonly disk?: DiskState;
  readonly milestones: readonly Milestone[];
  readonly downloads: readonly Download[];
  readonly wire: WireState;
  readonly counters: WireCounters;
  readonly blocks: BlockPath;
  readonly problems: readonly Problem[];
}

export const MACHINE_OFF: MachineState = {
  power: "off",
  milestones: MILESTONES.map(({ name }) => ({ name, state: "waiting" })),
  downloads: [],
  wire: "closed",
  counters: { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0 },
  blocks: { path: "wire", fetchedBytes: 0, aheadBytes: 0 },
  problems: [],
};

export function reduceMachine(state: MachineState, event: MachineEvent): MachineState {
  switch (event.type) {
    case "power":
      // A new boot begins a new story; the story of a machine that was switched off stays readable.
      if (event.state === "starting") return { ...MACHINE_OFF, power: "starting" };
      return state.power === event.state ? state : { ...state, power: event.state };
    case "milestones":
      return {
        ...state,
        milestones: event.milestones,
        // The boot goes on: what was said about its standing still is over.
        problems: state.problems.filter(({ code }) => code !== "stalled"),
      };
    case "download":
      return { ...state, downloads: withDownload(state.downloads, event) };
    case "wire":
      return {
        ...state,
        wire: event.state,
        counters: event.counters,
        blocks: event.blocks,
        problems:
          event.state === "open" && event.blocks.path !== "lost"
            ? state.problems.filter(isNotOfTheWire)
            : state.problems,
      };
    case "problem":
      return { ...state, problems: withProblem(state.problems, event.problem) };
    case "disk":
      return { ...state, disk: event.disk };
    case "origin":
      return { ...state, origin: event.origin };
    case "serial":
    case "screen-size":
    case "screen-rows":
    case "screen-pixels":
    case "cursor":
      return state;
    default:
      return event satisfies never;
  }
}

function withDownload(
  downloads: readonly Download[],
  { file, receivedBytes, totalBytes }: Download,
): readonly Download[] {
  const download = { file, receivedBytes, ...(totalBytes === undefined ? {} : { totalBytes }) };
  const known = downloads.findIndex((one) => one.file === file);
  return known < 0 ? [...downloads, download] : downloads.with(known, download);
}

/** The same thing said twice is said once, in its newest words. */
function withProblem(problems: readonly Problem[], problem: Problem): readonly Problem[] {
  return [...problems.filter((one) => one.code !== problem.code), problem];
}

/** What is over as soon as the wire is open. */
function isNotOfTheWire({ code }: Problem): boolean {
  return code !== "relay-lost" && code !== "relay-unreachable";
}
