import "./packets.css";
import type { PacketBatch } from "../../worker/interface.ts";
import { create, setText } from "../dom.ts";
import type { StagePanel } from "../stage/lazy-panel.ts";
import { CaptureFeed, type ReadPackets } from "./capture-feed.ts";
import { captureFile } from "./capture-file.ts";
import { FieldTree } from "./field-tree.ts";
import { FilterBox } from "./filter-box.ts";
import { HexView } from "./hex-view.ts";
import { PacketList } from "./packet-list.ts";
import { type Packet, PacketStore } from "./packet-store.ts";
import { sequenceOf } from "./sequence-steps.ts";
import { SequenceView } from "./sequence-view.ts";
import { ShownPackets } from "./shown-packets.ts";
import { streamOf } from "./stream-pieces.ts";
import { StreamView } from "./stream-view.ts";

const NONE_YET = "No frames yet. Every frame of the machine's card is shown here, from power-on on.";
const NONE_PASSES = "No frame passes this filter.";
/** Work on frames at a stretch. */
const SLICE_MS = 12;

/** The frames of the machine's card: a list with a filter, what is in one, its bytes, and the whole as a file. */
export class PacketsPanel implements StagePanel {
  readonly #feed: CaptureFeed;
  readonly #store = new PacketStore();
  readonly #shown = new ShownPackets(this.#store);
  readonly #list: PacketList;
  readonly #tree: FieldTree;
  readonly #hex: HexView;
  readonly #filter: FilterBox;
  readonly #stream: StreamView;
  readonly #sequence: SequenceView;
  readonly #panes = create("div", "packet-panes");
  readonly #empty = create("p", "packet-empty");
  readonly #status = create("p", "packet-status");
  readonly #holdButton = button("Hold");
  readonly #follow = button("Follow stream");
  #working = false;

  constructor(parent: HTMLElement, read: ReadPackets) {
    this.#feed = new CaptureFeed(read, (batch) => this.#take(batch));
    this.#tree = new FieldTree({ onSelect: (field) => this.#hex.mark(field) });
    this.#hex = new HexView((at) => this.#tree.selectByte(at));
    this.#list = new PacketList({
      store: this.#store,
      onSelect: (packet) => this.#select(packet),
      onEnter: () => this.#tree.focus(),
    });
    this.#filter = new FilterBox((filter) => {
      this.#shown.filter(filter);
      void this.#work().then(() => this.#list.reveal());
    });
    this.#stream = new StreamView(() => this.#showFrames());
    this.#sequence = new SequenceView({
      onClose: () => this.#showFrames(),
      onSelect: (number) => {
        this.#showFrames();
        this.#list.select(number);
      },
    });
    parent.append(this.#tools(), this.#panes, this.#stream.element, this.#sequence.element);
    this.#panes.append(this.#listPane(), this.#detailPane());
    this.#draw();
  }

  open(): void {
    this.#feed.open();
  }

  /** What is here stays, and nothing more is asked for. */
  close(): void {
    this.#feed.close();
  }

  #tools(): HTMLElement {
    const clear = button("Clear");
    clear.addEventListener("click", () => this.#clear());
    const save = button("Download pcapng");
    save.addEventListener("click", () => this.#save());
    this.#holdButton.setAttribute("aria-pressed", "false");
    this.#holdButton.addEventListener("click", () => this.#hold(!this.#feed.held));
    this.#follow.disabled = true;
    this.#follow.addEventListener("click", () => this.#followStream());
    const sequence = button("Sequence");
    sequence.addEventListener("click", () => this.#showSequence());
    const buttons = create("div", "packet-buttons", this.#holdButton, clear, this.#follow, sequence, save);
    return create("div", "packet-tools", this.#filter.element, buttons, this.#status);
  }

  #listPane(): HTMLElement {
    const names = ["No.", "Time, s", "", "Source", "Destination", "Protocol", "What it says"];
    const classes = ["number", "time", "way", "source", "destination", "protocol", "info"];
    const head = create(
      "div",
      "packet-head packet-row",
      ...names.map((name, index) => create("span", `cell ${classes[index]}`, name)),
    );
    head.setAttribute("aria-hidden", "true");
    return create("div", "packet-list-pane", head, this.#empty, this.#list.element);
  }

  #detailPane(): HTMLElement {
    return create("div", "packet-detail", this.#tree.element, this.#hex.element);
  }

  async #take(batch: PacketBatch): Promise<void> {
    const capture = this.#store.position?.capture;
    if (this.#store.add(batch)) this.#forget(capture !== batch.capture);
    if (batch.lengths.length > 0) await this.#work();
  }

  /** Frames are gone: all of them, or the oldest. */
  #forget(all: boolean): void {
    if (!all) {
      this.#shown.forgetBefore(this.#store.packets[0]?.context.number ?? 0);
      return;
    }
    this.#shown.restart();
    this.#list.forgetSelection();
    this.#showDetail(undefined);
  }

  /** Looks at the frames that wait for it, a slice at a time. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    do {
      this.#shown.advance(() => performance.now(), performance.now() + SLICE_MS);
      this.#draw();
      if (this.#shown.behind) await new Promise((resolve) => setTimeout(resolve));
    } while (this.#shown.behind);
    this.#working = false;
    this.#draw();
  }

  #draw(): void {
    const { list } = this.#shown;
    const { packets, dropped } = this.#store;
    this.#list.show(list);
    this.#empty.hidden = list.length > 0;
    setText(this.#empty, packets.length === 0 ? NONE_YET : NONE_PASSES);
    const some = list.length === packets.length ? "" : `${count(list.length)} of `;
    const lost = dropped === 0 ? "" : `, ${count(dropped)} older ones are gone`;
    const waits = packets.length === 0 ? "No frames yet" : `${some}${count(packets.length)} frames${lost}`;
    setText(this.#status, this.#feed.held ? `${waits}, held` : waits);
  }

  #select(packet: Packet): void {
    this.#showDetail(packet);
    const { tcp, udp } = packet.context;
    this.#follow.disabled = tcp === undefined && udp === undefined;
  }

  #showDetail(packet: Packet | undefined): void {
    this.#panes.toggleAttribute("data-detail", packet !== undefined);
    this.#follow.disabled = true;
    if (packet === undefined) return;
    this.#hex.show(packet.bytes);
    this.#tree.show(this.#store.dissect(packet).fields);
  }

  #hold(held: boolean): void {
    this.#feed.held = held;
    this.#holdButton.setAttribute("aria-pressed", String(held));
    this.#draw();
  }

  #clear(): void {
    this.#store.clear();
    this.#forget(true);
    this.#draw();
  }

  #followStream(): void {
    const { selected } = this.#list;
    const stream = selected && streamOf(this.#store, selected);
    if (stream === undefined) return;
    this.#filter.set(stream.filter);
    this.#hideAll();
    this.#stream.show(stream);
  }

  #showSequence(): void {
    this.#hideAll();
    this.#sequence.show(sequenceOf(this.#store, this.#shown.list));
  }

  #hideAll(): void {
    for (const element of [this.#panes, this.#stream.element, this.#sequence.element]) element.hidden = true;
  }

  #showFrames(): void {
    this.#hideAll();
    this.#panes.hidden = false;
    this.#list.element.focus();
    this.#draw();
  }

  #save(): void {
    const { packets, startedAtMs } = this.#store;
    const file = new Blob([captureFile(packets, startedAtMs)], { type: "application/vnd.tcpdump.pcap" });
    const link = create("a", "");
    link.href = URL.createObjectURL(file);
    link.download = "netroot.pcapng";
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

function button(text: string): HTMLButtonElement {
  const element = create("button", "", text);
  element.type = "button";
  return element;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
