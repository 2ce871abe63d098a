import "./blocks.css";
import { squashfsParts } from "../../net/squashfs/superblock.ts";
import type { PacketBatch } from "../../worker/interface.ts";
import { create, setText } from "../dom.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { CaptureFeed, type ReadPackets } from "../packets/capture-feed.ts";
import type { StagePanel } from "../stage/lazy-panel.ts";
import { BlockReads } from "./block-reads.ts";
import type { Histogram } from "./histogram.ts";
import { MapCanvas, type MapColours } from "./map-canvas.ts";

const NOTHING_YET =
  "Nothing was read yet. Each run of blocks lights up here when the machine reads it from the network.";

/** The root image as a map: what of it the machine has read, when, and how often; and how large and how quick its reads are. */
export class BlocksPanel implements StagePanel {
  readonly #feed: CaptureFeed;
  readonly #parent: HTMLElement;
  readonly #canvas: MapCanvas;
  readonly #body = create("div", "block-body");
  readonly #total = create("p", "block-total");
  readonly #cell = create("p", "block-cell");
  readonly #early = create("span", "swatch early");
  readonly #late = create("span", "swatch late");
  readonly #empty = create("span", "swatch empty");
  readonly #sizes = create("tbody", "");
  readonly #latencies = create("tbody", "");
  #reads = new BlockReads();
  #capture: number | undefined;
  #lost = 0;

  constructor(parent: HTMLElement, read: ReadPackets) {
    this.#parent = parent;
    this.#feed = new CaptureFeed(read, (batch) => this.#take(batch));
    this.#canvas = new MapCanvas(
      () => this.#colours(),
      () => this.#tellCell(),
    );
    this.#cell.id = "block-cell";
    this.#cell.setAttribute("aria-live", "polite");
    const legend = create(
      "p",
      "block-legend",
      this.#empty,
      "not read",
      this.#early,
      "read early",
      this.#late,
      "read late; a dot: more than once",
    );
    const figure = create("div", "block-map", this.#canvas.element, legend, this.#cell);
    const tables = create(
      "div",
      "block-tables",
      table("Size of the requests", this.#sizes),
      table("Time to the answer", this.#latencies),
    );
    this.#body.append(figure, tables);
    parent.append(this.#total, this.#body);
    this.#draw();
  }

  open(): void {
    this.#feed.open();
    this.#draw();
  }

  close(): void {
    this.#feed.close();
  }

  #take(batch: PacketBatch): void {
    if (batch.capture !== this.#capture) {
      this.#capture = batch.capture;
      this.#reads = new BlockReads();
      this.#lost = 0;
    }
    this.#lost += batch.lost;
    let at = 0;
    for (const [index, length] of batch.lengths.entries()) {
      const bytes = batch.bytes.subarray(at, at + length);
      const direction = batch.fromGuest[index] === 1 ? "out" : "in";
      this.#reads.observe({ bytes, timeMs: batch.timesMs[index]!, direction });
      at += length;
    }
    if (batch.lengths.length > 0) this.#draw();
  }

  #draw(): void {
    const { map, requests, sizes, latencies } = this.#reads;
    const gone = this.#lost === 0 ? "" : "; what the machine read before that is not known any more";
    const told =
      map === undefined
        ? NOTHING_YET
        : `${formatBytes(map.readBytes)} of ${formatBytes(map.sizeBytes)} read, in ${requests.toLocaleString("en")} requests${gone}`;
    setText(this.#total, told);
    this.#body.hidden = map === undefined;
    this.#canvas.show(map);
    this.#tellCell();
    fill(this.#sizes, sizes, (bytes) => (bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`));
    fill(this.#latencies, latencies, (ms) => `${ms} ms`);
  }

  #tellCell(): void {
    const { map, superblock } = this.#reads;
    if (map === undefined) {
      setText(this.#cell, "");
      return;
    }
    const index = this.#canvas.pointed;
    const offset = index * map.cellBytes;
    const cell = map.cells[index];
    const parts = superblock === undefined ? [] : squashfsParts(superblock, offset, offset + map.cellBytes);
    const part = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
    const times = cell?.reads === 1 ? "once" : `${cell?.reads} times`;
    const read = cell === undefined ? "not read" : `read ${times}, first at ${formatDuration(cell.firstMs)}`;
    setText(this.#cell, `${formatBytes(map.cellBytes)} from ${formatBytes(offset)}${part}: ${read}`);
  }

  /** As the scheme has them now. */
  #colours(): MapColours {
    const background = (element: Element) => getComputedStyle(element).backgroundColor;
    const parts = (element: Element) => (background(element).match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
    return {
      empty: background(this.#empty),
      early: parts(this.#early),
      late: parts(this.#late),
      dot: background(this.#parent),
      ink: getComputedStyle(this.#total).color,
    };
  }
}

function table(caption: string, body: HTMLTableSectionElement): HTMLTableElement {
  return create("table", "block-table", create("caption", "", caption), body);
}

function fill(body: HTMLTableSectionElement, histogram: Histogram, label: (value: number) => string): void {
  const { bins } = histogram;
  const most = Math.max(1, ...bins.map(({ count }) => count));
  body.replaceChildren(
    ...bins.map(({ from, count }, index) => {
      const bar = create("span", "block-bar");
      bar.style.width = `${(100 * count) / most}%`;
      const name = index === 0 ? `below ${label(2 * from)}` : `from ${label(from)}`;
      const head = create("th", "", name);
      head.scope = "row";
      return create(
        "tr",
        "",
        head,
        create("td", "", bar),
        create("td", "numbers", count.toLocaleString("en")),
      );
    }),
  );
}
