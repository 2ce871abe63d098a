import { bearerOf } from "../net/access/token.ts";
import type { SysAppendFacts } from "../net/pxelinux/sysappend.ts";
import type { MachineEvent, Problem } from "../worker/interface.ts";
import { BootForm } from "./boot/boot-form.ts";
import { loadBootMenu } from "./boot/boot-menu.ts";
import { cardAddress, drawCardAddress } from "./boot/card-address.ts";
import { type BootChoice, machineSettings } from "./boot/machine-settings.ts";
import type { RootSource } from "./boot/root-parameter.ts";
import { factsOf } from "./boot/sysappend-facts.ts";
import { SerialConsole } from "./console/serial-console.ts";
import { DisksDialog } from "./disks/disks-dialog.ts";
import { create, find, prose, setText } from "./dom.ts";
import type { NetrootHandle } from "./handle.ts";
import { MACHINE_OFF, type MachineState, reduceMachine } from "./machine/machine-state.ts";
import { PowerButtons } from "./machine/power-buttons.ts";
import { WorkerClient } from "./machine/worker-client.ts";
import { noticesOf } from "./network/notices.ts";
import { PathView } from "./network/path-view.ts";
import { relayUrls } from "./network/relay-urls.ts";
import { askOver, type RelayState, sleepWhileVisible, watchStatus } from "./network/status-watch.ts";
import { tokenInAddress } from "./network/token-in-address.ts";
import { tokenProblem } from "./network/token-problem.ts";
import type { ReadPackets } from "./packets/capture-feed.ts";
import { parsePageUrl, serializePageUrl } from "./page-url.ts";
import { ProblemsView } from "./problems/problems-view.ts";
import { ScreenView } from "./screen/screen-view.ts";
import { CopyLink } from "./share/copy-link.ts";
import { LazyPanel } from "./stage/lazy-panel.ts";
import { StageTabs } from "./stage/tabs.ts";
import { Stopwatch } from "./story/stopwatch.ts";
import { nowText, StoryView } from "./story/story-view.ts";
import { unsupported } from "./support.ts";

/** The page: it holds what is known of machine and relay, and hands it to the views. */
export class Page implements NetrootHandle {
  readonly #asked = parsePageUrl(location.search);
  readonly #urls = relayUrls(document.baseURI, this.#asked.relay);
  readonly #token = tokenInAddress(location.hash);
  /** The token is that of the relay whose wire it is: where that is another one, the page's own server is not shown it. */
  readonly #headers: Readonly<Record<string, string>> =
    this.#token.kind === "token" && this.#asked.relay === undefined
      ? { Authorization: bearerOf(this.#token.token) }
      : {};
  readonly #machine: WorkerClient;
  readonly #drawnAddress = drawCardAddress();
  readonly #path: PathView;
  readonly #form: BootForm;
  readonly #power: PowerButtons;
  readonly #disks: DisksDialog;
  readonly #story = new StoryView(document);
  readonly #stopwatch = new Stopwatch();
  readonly #serial: SerialConsole;
  readonly #screen: ScreenView;
  readonly #packets: LazyPanel;
  readonly #blocks: LazyPanel;
  readonly #tabs: StageTabs;
  readonly #problems: ProblemsView;
  readonly #curtain = find(document, "#curtain", HTMLElement);
  readonly #dismissed = new WeakSet<Problem>();
  /** What is wrong with the page itself, or with what it was asked to boot. */
  #own: readonly Problem[] = [];
  #relay: RelayState = { kind: "asking" };
  #root: RootSource | undefined;
  #autostart = this.#asked.autostart;
  #loadingMenu = false;
  #noticed = "";
  #hasMenu = false;
  state: MachineState = MACHINE_OFF;

  constructor(createWorker: () => Worker) {
    this.#machine = new WorkerClient({ createWorker, onEvents: (events) => this.#hear(events) });
    this.#path = new PathView(document, this.#urls.host);
    this.#power = new PowerButtons(document, {
      pause: () => this.#machine.pause(),
      resume: () => this.#machine.resume(),
      reset: () => this.#machine.reset(),
      powerOff: () => this.#machine.powerOff(),
    });
    const read: ReadPackets = (position, maxBytes) => this.#machine.readPackets(position, maxBytes);
    this.#packets = new LazyPanel(find(document, "#packets", HTMLElement), async (parent) => {
      const { PacketsPanel } = await import("./packets/packets-panel.ts");
      return new PacketsPanel(parent, read);
    });
    this.#blocks = new LazyPanel(find(document, "#blocks", HTMLElement), async (parent) => {
      const { BlocksPanel } = await import("./blocks/blocks-panel.ts");
      return new BlocksPanel(parent, read);
    });
    this.#tabs = new StageTabs(find(document, "#stage", HTMLElement), (tab) => {
      this.#screen.show(tab === "screen");
      this.#packets.show(tab === "packets");
      this.#blocks.show(tab === "blocks");
      this.#showCurtain();
    });
    const onLeave = () => this.#tabs.focus();
    this.#serial = new SerialConsole(find(document, "#serial", HTMLElement), {
      onInput: (bytes) => this.#machine.sendSerial(bytes),
      onLeave,
    });
    this.#screen = new ScreenView(document, {
      onScancodes: (codes) => this.#machine.sendScancodes(codes),
      onLeave,
    });
    this.#problems = new ProblemsView(find(document, "#problems", HTMLElement), (problem) => {
      this.#dismissed.add(problem);
      this.#showProblems();
    });
    this.#form = new BootForm(document, {
      asked: this.#asked,
      onPowerOn: (choice) => this.#powerOn(choice),
      onMenu: (files) => void this.#openMenu(files),
      onRoot: (root) => {
        this.#root = root;
        this.#path.showRelay(this.#relay, root);
      },
    });
    this.#disks = new DisksDialog(document, {
      api: () => this.#machine.disks,
      onDisks: (disks) => this.#form.showDisks(disks),
    });
    new CopyLink(document, { link: () => this.#link(), withToken: this.#token.kind === "token" });
    addEventListener("beforeunload", (event) => {
      // The browser asks in its own words.
      if (this.state.power !== "off" && this.state.disk?.unsynced === true) event.preventDefault();
    });
    this.#show();
    this.#tabs.show(this.#asked.tab);
  }

  /** Resolves when the page is left. */
  async run(signal: AbortSignal): Promise<void> {
    const missing = unsupported();
    if (missing === undefined) {
      this.#machine.load();
      void this.#disks.refresh();
    } else {
      this.#form.forbid();
      this.#own = [missing];
      this.#showProblems();
    }
    await watchStatus({
      ask: askOver(this.#urls.status, this.#headers),
      sleep: sleepWhileVisible,
      onChange: (state) => this.#hearRelay(state, signal),
      signal,
    });
  }

  consoleText(): string {
    return this.#serial.log.text();
  }

  screenText(): string {
    return this.#screen.text();
  }

  type(text: string): void {
    this.#serial.type(text);
  }

  #powerOn(choice: BootChoice): void {
    // Another relay's segment is not known here.
    const segment =
      this.#relay.kind === "reachable" && this.#asked.relay === undefined
        ? { mtu: this.#relay.status.mtu, segment: this.#relay.status.network.mode }
        : {};
    const token = this.#token.kind === "token" ? { token: this.#token.token } : {};
    const result = machineSettings({ ...choice, ...segment, ...token, facts: this.#facts }, this.#urls);
    this.#own = result.ok ? [] : [result.problem];
    this.#showProblems();
    if (!result.ok) return;
    if (result.settings.disk !== undefined) void this.#disks.askToPersist();
    this.#machine.powerOn(result.settings);
    this.#goToConsole();
  }

  /** The address of the page as it is set now; `undefined` where none says that. */
  #link(): string | undefined {
    const configuration = this.#form.configuration();
    if (configuration === undefined) return undefined;
    const { autostart, checkpoint, kernelEntry, near, relay, jit } = this.#asked;
    const search = serializePageUrl({
      ...configuration,
      tab: this.#tabs.shown,
      autostart,
      checkpoint,
      kernelEntry,
      near,
      ...(relay !== undefined && { relay }),
      ...(jit && { jit }),
    });
    const fragment = this.#token.kind === "token" ? location.hash : "";
    return new URL(`${location.pathname}${search}${fragment}`, location.href).href;
  }

  /** Where there is no keyboard, focus would open the one on the screen, over the console. */
  #goToConsole(): void {
    if (!matchMedia("(pointer: fine)").matches)
      find(document, "#stage", HTMLElement).scrollIntoView({ block: "start" });
    else if (this.#tabs.shown === "serial") this.#serial.focus();
    else this.#tabs.focus();
  }

  #hear(events: readonly MachineEvent[]): void {
    for (const event of events) {
      this.state = reduceMachine(this.state, event);
      switch (event.type) {
        case "serial":
          this.#serial.write(event.bytes);
          break;
        case "screen-size":
        case "screen-rows":
        case "screen-pixels":
        case "cursor":
          this.#screen.handle(event);
          break;
        case "power":
          if (event.state !== "starting") break;
          this.#serial.reset();
          this.#screen.reset();
          break;
        default:
      }
    }
    this.#show();
  }

  #hearRelay(state: RelayState, signal: AbortSignal): void {
    this.#relay = state;
    this.#path.showRelay(state, this.#root);
    const exports = state.kind === "reachable" ? state.status.exports.map(({ name }) => name) : undefined;
    this.#form.showExports(exports);
    this.#form.showFacts(this.#facts);
    this.#showNotices();
    this.#showProblems();
    void this.#loadMenu(signal);
    this.#startIfAsked();
  }

  /** Once: a menu that changes under the reader's hands would take the edited line away. */
  async #loadMenu(signal: AbortSignal): Promise<void> {
    if (this.#hasMenu || this.#loadingMenu) return;
    this.#loadingMenu = true;
    const menu = await loadBootMenu({ ...this.#menuRequest, signal });
    this.#loadingMenu = false;
    this.#hasMenu = menu.kind === "loaded";
    this.#form.showMenu(menu);
    this.#startIfAsked();
  }

  /** A menu that cannot be had leaves the one that is there. */
  async #openMenu(files: readonly string[]): Promise<void> {
    if (this.#loadingMenu) return;
    this.#loadingMenu = true;
    const menu = await loadBootMenu({
      ...this.#menuRequest,
      signal: AbortSignal.timeout(MENU_TIMEOUT_MS),
      files,
    });
    this.#loadingMenu = false;
    this.#own = menu.kind === "unavailable" ? [menu.problem] : [];
    this.#showProblems();
    if (menu.kind === "loaded") this.#form.showMenu(menu);
  }

  /** Another relay's segment is not known here. */
  get #facts(): SysAppendFacts {
    if (this.#relay.kind !== "reachable" || this.#asked.relay !== undefined) return {};
    const { network } = this.#relay.status;
    return factsOf(network, cardAddress(network.mode, this.#drawnAddress));
  }

  get #menuRequest() {
    const menu = this.#relay.kind === "reachable" ? this.#relay.status.menu : undefined;
    return { urls: this.#urls, headers: this.#headers, token: this.#token, ...(menu && { menu }) };
  }

  /** The menu says what to boot, the relay's status on what network. */
  #startIfAsked(): void {
    if (!this.#hasMenu || !this.#autostart || this.#relay.kind === "asking") return;
    this.#autostart = false;
    this.#form.autostart();
  }

  #show(): void {
    const wasRunning = this.#stopwatch.running;
    this.#stopwatch.observe(this.state, performance.now());
    if (this.#stopwatch.running !== wasRunning) this.#tick();
    this.#path.showMachine(this.state);
    this.#disks.showMachine(this.state);
    this.#form.showPower(this.state.power);
    this.#power.show(this.state.power);
    this.#screen.enable(this.state.power === "running");
    this.#story.show(this.state);
    this.#showProblems();
    this.#showCurtain();
  }

  #tick(): void {
    const elapsedMs = this.#stopwatch.elapsedMs(performance.now());
    this.#story.showClock(elapsedMs);
    const { running } = this.#stopwatch;
    document.documentElement.toggleAttribute("data-beat", running && elapsedMs % 1000 < 500);
    if (running) setTimeout(() => this.#tick(), 100);
  }

  #showProblems(): void {
    // Without a menu the boot form says it. A relay that was started anew may have another token.
    const locked = this.#relay.kind === "locked" && this.#hasMenu ? [tokenProblem(this.#token)] : [];
    const all = [...this.#own, ...locked, ...this.state.problems];
    // The boot form says it where the line is, and before power-on.
    const elsewhere = "append-without-root";
    this.#problems.show(all.filter((one) => one.code !== elsewhere && !this.#dismissed.has(one)));
  }

  #showNotices(): void {
    const list = find(document, "#notices", HTMLUListElement);
    const words = noticesOf(this.#relay);
    if (words.join() === this.#noticed) return;
    this.#noticed = words.join();
    list.replaceChildren(...words.map((sentence) => create("li", "", ...prose(sentence))));
  }

  /** It goes up with the first character of the serial console; before that it says why there is none. */
  #showCurtain(): void {
    const spoke = !this.#serial.log.empty;
    const { shown } = find(document, "#stage", HTMLElement).dataset;
    const elsewhere =
      shown === "packets" || shown === "blocks" || (shown === "screen" && this.state.power !== "off");
    this.#curtain.hidden = spoke || elsewhere;
    if (this.#curtain.hidden) return;
    const off = this.state.power === "off";
    setText(
      find(this.#curtain, "#curtain-title", HTMLElement),
      off ? "The machine is switched off" : `${nowText(this.state)} …`,
    );
    setText(find(this.#curtain, "#curtain-text", HTMLElement), off ? OFF : SILENT);
  }
}

const OFF = "Power on, and watch it find an address, its kernel and its root on the network.";
const SILENT = "The serial console speaks once the kernel runs. The VGA screen shows what the firmware says.";
/** Only ends what hangs. */
const MENU_TIMEOUT_MS = 30_000;
