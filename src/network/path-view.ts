import type { ExportStatus } from "../../net/status/status.ts";
import type { RootSource } from "../boot/root-parameter.ts";
import { find, setText } from "../dom.ts";
import { formatBytes } from "../format.ts";
import type { MachineState } from "../machine/machine-state.ts";
import type { RelayState } from "./status-watch.ts";

/** How a node or a link looks; the words beside it say the same. */
type Look = "idle" | "busy" | "good" | "bad";

/** For how long a link light blinks after a frame. */
const ACTIVE_MS = 400;

/** The way from this tab to its root: machine, wire, relay, NBD, export. */
export class PathView {
  readonly #root: ParentNode;
  readonly #host: string;
  readonly #idle = new Map<Element, ReturnType<typeof setTimeout>>();
  /** Frames and bytes of blocks: what grows when something passes. */
  #seen = 0;
  #readBytes = 0;
  #protocol = "NBD";

  /** @param host HOST:PORT of the relay */
  constructor(root: ParentNode, host: string) {
    this.#root = root;
    this.#host = host;
  }

  showMachine({ power, wire, counters, blocks }: MachineState): void {
    this.#show("#node-machine", POWER_LOOKS[power], POWER_WORDS[power]);
    const { framesIn, framesOut, bytesIn, bytesOut, dropped } = counters;
    const path = blocks.path === "lost" ? "lost" : wire;
    const link = this.#show("#link-wire", WIRE_LOOKS[path], WIRE_WORDS[path]);
    link.dataset.blocks = blocks.path;
    const frames = framesIn + framesOut;
    const blockBytes = blocks.fetchedBytes + blocks.aheadBytes;
    this.#more(
      link,
      frames === 0 ? "no frames yet" : `↓ ${formatBytes(bytesIn + blockBytes)} ↑ ${formatBytes(bytesOut)}`,
    );
    // There is no room for it beside the bytes, and TCP has made good for it.
    if (dropped > 0) link.title += `; ${dropped} frames dropped`;
    const seen = frames + blockBytes;
    if (seen > this.#seen) this.#blink(link);
    this.#seen = seen;
  }

  /** @param root what the command line names */
  showRelay(relay: RelayState, root: RootSource | undefined): void {
    this.#protocol = root?.kind === "aoe" ? "AoE" : "NBD";
    switch (relay.kind) {
      case "asking":
        this.#show("#node-relay", "idle", "asking …");
        return;
      case "unreachable":
        this.#show("#node-relay", "bad", "does not answer");
        this.#showExport(undefined, "not known without the relay", "idle", 0);
        return;
      case "locked":
        this.#show("#node-relay", "bad", "asks for its token");
        this.#showExport(undefined, "not known without the token", "idle", 0);
        return;
      case "reachable": {
        const { exports, clients } = relay.status;
        this.#show("#node-relay", "good", this.#host).title = `${this.#host}, ${clients} on the wire`;
        const shown = exports.find((each) => isRoot(each, root)) ?? exports[0];
        if (shown === undefined) this.#showExport(undefined, "the boot tree has none", "bad", 0);
        else this.#showExport(shown, exportWords(shown), EXPORT_LOOKS[shown.state], exports.length - 1);
        return;
      }
      default:
        relay satisfies never;
    }
  }

  #showExport(shown: ExportStatus | undefined, words: string, look: Look, others: number): void {
    const node = this.#show("#node-export", look, words);
    setText(find(node, '[data-slot="name"]', HTMLElement), exportTitle(shown, others));
    const notice = shown?.notice ?? (shown?.state === "ready" ? undefined : shown?.detail);
    node.toggleAttribute("data-notice", notice !== undefined);
    node.title = `${exportTitle(shown, others)}: ${notice ?? words}`;
    const link = this.#show("#link-export", shown?.state === "ready" ? "good" : look, this.#protocol);
    const readBytes = (shown?.readBytes ?? 0) + (shown?.aheadBytes ?? 0);
    this.#more(link, readBytes === 0 ? "nothing read yet" : `${formatBytes(readBytes)} read`);
    if (readBytes > this.#readBytes) this.#blink(link);
    this.#readBytes = readBytes;
  }

  #show(selector: string, look: Look, words: string): HTMLElement {
    const element = find(this.#root, selector, HTMLElement);
    if (element.dataset.state !== look) element.dataset.state = look;
    if (element.title !== words) element.title = words;
    setText(find(element, '[data-slot="line"]', HTMLElement), words);
    return element;
  }

  #more(link: HTMLElement, words: string): void {
    setText(find(link, '[data-slot="more"]', HTMLElement), words);
  }

  #blink(link: HTMLElement): void {
    link.toggleAttribute("data-active", true);
    clearTimeout(this.#idle.get(link));
    this.#idle.set(
      link,
      setTimeout(() => link.removeAttribute("data-active"), ACTIVE_MS),
    );
  }
}

function isRoot({ name, aoe }: ExportStatus, root: RootSource | undefined): boolean {
  return root !== undefined && (root.kind === "aoe" ? aoe : name) === root.name;
}

function exportTitle(shown: ExportStatus | undefined, others: number): string {
  if (shown === undefined) return "Export";
  const more = others > 0 ? ` (and ${others} more)` : "";
  return `${shown.name}, ${formatBytes(shown.sizeBytes)}${more}`;
}

function exportWords({ state, detail, description, readOnly }: ExportStatus): string {
  return state === "ready" ? `${readOnly ? "read-only" : "writable"}, ${description}` : detail;
}

const POWER_LOOKS: Record<MachineState["power"], Look> = {
  off: "idle",
  starting: "busy",
  running: "good",
  paused: "busy",
};

const POWER_WORDS: Record<MachineState["power"], string> = {
  off: "off",
  starting: "starting",
  running: "running",
  paused: "paused",
};

const WIRE_LOOKS: Record<MachineState["wire"], Look> = {
  closed: "idle",
  connecting: "busy",
  open: "good",
  lost: "bad",
};

const WIRE_WORDS: Record<MachineState["wire"], string> = {
  closed: "no wire",
  connecting: "connecting",
  open: "wire open",
  lost: "wire lost",
};

const EXPORT_LOOKS: Record<ExportStatus["state"], Look> = {
  ready: "good",
  connecting: "busy",
  failed: "bad",
};
