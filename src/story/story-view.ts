import { MILESTONES, type Milestone, type MilestoneName } from "../../worker/interface.ts";
import { create, find, setText } from "../dom.ts";
import { formatBytes, formatDuration } from "../format.ts";
import type { Download, MachineState } from "../machine/machine-state.ts";
import { MilestoneItem } from "./milestone-item.ts";
import { originText } from "./origin.ts";
import { bootFraction, stepFraction } from "./progress.ts";

/** The story of the boot: what happens now, how far it is, and the milestones with their times. */
export class StoryView {
  readonly #items = new Map<MilestoneName, MilestoneItem>();
  readonly #segments = new Map<MilestoneName, HTMLElement>();
  readonly #list: HTMLElement;
  readonly #now: Element;
  readonly #origin: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #clock: Element;
  readonly #announcer: Element;
  #running: MilestoneName | undefined;
  #shown: MachineState | undefined;

  constructor(root: ParentNode) {
    this.#list = find(root, "#milestones", HTMLElement);
    this.#now = find(root, "#now", HTMLElement);
    this.#origin = find(root, "#origin", HTMLElement);
    this.#bar = find(root, "#bar", HTMLElement);
    this.#clock = find(root, "#clock", HTMLElement);
    this.#announcer = find(root, "#announcer", HTMLElement);
    for (const { name, caption, weight } of MILESTONES) {
      const item = new MilestoneItem(name, caption);
      const segment = create("span", "");
      segment.style.setProperty("--weight", String(weight));
      this.#items.set(name, item);
      this.#segments.set(name, segment);
      this.#list.append(item.element);
      this.#bar.append(segment);
    }
  }

  /** Called many times a second while the console scrolls; it touches the document only when the story goes on. */
  show(state: MachineState): void {
    const shown = this.#shown;
    this.#shown = state;
    if (
      shown?.milestones === state.milestones &&
      shown.downloads === state.downloads &&
      shown.origin === state.origin &&
      shown.power === state.power
    )
      return;
    for (const milestone of state.milestones) {
      const downloading = milestone.name === "download" && milestone.state === "running";
      this.#items
        .get(milestone.name)
        ?.show(milestone, downloading ? downloadText(state.downloads) : undefined);
      const segment = this.#segments.get(milestone.name);
      if (segment === undefined) continue;
      segment.dataset.state = milestone.state;
      segment.style.setProperty("--done", stepFraction(milestone, state.downloads).toFixed(3));
    }
    this.#bar.setAttribute(
      "aria-valuenow",
      String(Math.floor(100 * bootFraction(state.milestones, state.downloads))),
    );
    setText(this.#origin, originText(state.origin));
    this.#origin.dataset.origin = state.origin?.kind ?? "";
    const now = nowText(state);
    setText(this.#now, now);
    this.#follow(state.milestones, now);
  }

  /** Time since power-on. */
  showClock(elapsedMs: number): void {
    setText(this.#clock, formatDuration(elapsedMs));
  }

  /** Keeps what is under way in view, and says it to who listens. */
  #follow(milestones: readonly Milestone[], now: string): void {
    const current = milestones.findLast(({ state }) => state === "running" || state === "failed")?.name;
    if (current === this.#running) return;
    this.#running = current;
    setText(this.#announcer, now);
    const element = current === undefined ? undefined : this.#items.get(current)?.element;
    if (element === undefined || this.#list.scrollHeight <= this.#list.clientHeight) return;
    const middle = element.offsetTop - this.#list.offsetTop - this.#list.clientHeight / 2;
    this.#list.scrollTop = middle;
  }
}

/** What happens now, as a sentence without its full stop. */
export function nowText({ power, milestones }: MachineState): string {
  const login = milestones.find(({ name }) => name === "login");
  const failed = milestones.find(({ state }) => state === "failed");
  const running = milestones.findLast(({ state }) => state === "running");
  if (power === "off") {
    if (milestones.every(({ state }) => state === "waiting")) return "Not started yet";
    return failed === undefined ? "Switched off" : `Stopped: ${captionOf(failed)}`;
  }
  if (power === "paused") return "Paused";
  if (login?.state === "done") return "Ready at its prompt";
  if (failed !== undefined) return `Stopped: ${captionOf(failed)}`;
  // Its caption says how it ends.
  if (running?.name === "login") return "Waiting for its prompt";
  return capitalise(running === undefined ? "switching on" : captionOf(running));
}

function captionOf({ name }: Milestone): string {
  return MILESTONES.find((one) => one.name === name)?.caption ?? name;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function downloadText(downloads: readonly Download[]): string | undefined {
  const last = downloads.findLast(({ receivedBytes, totalBytes }) => receivedBytes !== totalBytes);
  if (last === undefined) return undefined;
  const file = last.file.split("/").at(-1);
  const of = last.totalBytes === undefined ? "" : ` of ${formatBytes(last.totalBytes)}`;
  return `${file}, ${formatBytes(last.receivedBytes)}${of}`;
}
