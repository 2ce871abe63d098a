import { withLayer } from "../../net/kiwi/layer-parameter.ts";
import type { PxelinuxConfig, PxelinuxEntry } from "../../net/pxelinux/config.ts";
import type { SysAppendFacts } from "../../net/pxelinux/sysappend.ts";
import type { KeptDisk, PowerState, Problem } from "../../worker/interface.ts";
import { WriteLayer } from "../disks/write-layer.ts";
import { find, prose, setText } from "../dom.ts";
import { MEMORY_MIB, type PageUrl } from "../page-url.ts";
import { type AskedLine, askedLine, joinAppend, lineOf } from "./asked-line.ts";
import type { BootMenu } from "./boot-menu.ts";
import { CountdownLine } from "./countdown-line.ts";
import { FIRST_MENU, fillEntryList } from "./entry-list.ts";
import type { BootChoice } from "./machine-settings.ts";
import { MenuNotes } from "./menu-notes.ts";
import { checkAppend, type RootSource, rootSourceOf } from "./root-parameter.ts";
import { sysAppendNote } from "./sysappend-facts.ts";

export interface BootFormOptions {
  readonly asked: PageUrl;
  readonly onPowerOn: (choice: BootChoice) => void;
  /** An entry leads to another menu, which these files make; `~` is the first one. */
  readonly onMenu: (files: readonly string[]) => void;
  /** The command line names another export now, or none. */
  readonly onRoot: (root: RootSource | undefined) => void;
}

/** What can be chosen here, as the page's address says it. */
export type Configuration = Pick<
  PageUrl,
  "label" | "boot" | "nic" | "memoryMiB" | "disk" | "append" | "cmdline"
>;

const BY_FIRMWARE =
  "The machine boots by its own firmware: it asks by DHCP what to boot, fetches that itself, and shows its menu on the screen. Entry and command line are not this page's to choose then.";

/** The boot entry, its command line and the machine's hardware: what can be chosen before power-on. */
export class BootForm {
  readonly #options: BootFormOptions;
  readonly #form: HTMLFormElement;
  readonly #entry: HTMLSelectElement;
  readonly #memory: HTMLInputElement;
  readonly #nic: HTMLSelectElement;
  readonly #append: HTMLTextAreaElement;
  readonly #back: HTMLButtonElement;
  readonly #hint: HTMLElement;
  readonly #powerOn: HTMLButtonElement;
  readonly #coldBoot: HTMLButtonElement;
  readonly #title: HTMLElement;
  readonly #help: HTMLElement;
  readonly #countdown: CountdownLine;
  readonly #powerOnText: HTMLElement;
  readonly #notes: MenuNotes;
  readonly #write: WriteLayer;
  /** What the menu starts by itself and this page cannot. */
  #notHere: string | undefined;
  #menu: BootMenu = { kind: "asking" };
  #power: PowerState = "off";
  #exports: readonly string[] | undefined;
  #unsupported = false;
  #facts: SysAppendFacts = {};
  #said = "";

  constructor(root: ParentNode, options: BootFormOptions) {
    this.#options = options;
    this.#form = find(root, "#boot", HTMLFormElement);
    this.#entry = find(root, "#entry", HTMLSelectElement);
    this.#memory = find(root, "#memory", HTMLInputElement);
    this.#nic = find(root, "#nic", HTMLSelectElement);
    this.#append = find(root, "#append", HTMLTextAreaElement);
    this.#back = find(root, "#append-reset", HTMLButtonElement);
    this.#hint = find(root, "#append-hint", HTMLElement);
    this.#powerOn = find(root, "#power-on", HTMLButtonElement);
    this.#coldBoot = find(root, "#cold-boot", HTMLButtonElement);
    this.#title = find(root, "#menu-title", HTMLElement);
    this.#help = find(root, "#entry-help", HTMLElement);
    this.#countdown = new CountdownLine(root);
    this.#powerOnText = find(root, "#power-on-text", HTMLElement);
    this.#notes = new MenuNotes(root);
    this.#write = new WriteLayer(root, options.asked.disk, () => {
      this.#append.value = withLayer(this.#append.value, this.#write.disk !== undefined);
      this.#refresh();
    });

    this.#memory.min = String(MEMORY_MIB.least);
    this.#memory.max = String(MEMORY_MIB.most);
    this.#memory.value = String(options.asked.memoryMiB);
    this.#nic.value = options.asked.nic;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.powerOn();
    });
    this.#coldBoot.addEventListener("click", () => this.powerOn("renew"));
    this.#entry.addEventListener("change", () => this.#takeEntry());
    this.#back.addEventListener("click", () => {
      this.#takeEntry();
      this.#append.focus();
    });
    this.#append.addEventListener("input", () => this.#refresh());
    this.#append.addEventListener("keydown", (event) => {
      // A command line has one line: Enter powers on, as at a boot prompt.
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  /**
   * Starts by itself what the menu starts by itself, after the time that it leaves a person to choose. An entry that the page's
   * address names is started at once, and so is the selected one where the menu would wait for ever.
   */
  autostart(): void {
    if (this.#byFirmware) {
      this.powerOn();
      return;
    }
    if (this.#menu.kind !== "loaded") return;
    const { config } = this.#menu;
    const { unattended } = config;
    const { label } = this.#options.asked;
    if (label !== undefined || unattended.kind === "wait") {
      this.powerOn();
      return;
    }
    const entry = config.entries.find((one) => one.label === unattended.label);
    if (entry?.kernel === undefined) {
      this.#notHere = unattended.command;
      this.#refresh();
      return;
    }
    this.#fill(config, entry.label);
    const asked = this.#askedLine();
    this.#takeEntry({ ...asked, append: joinAppend(unattended.more, asked.append) });
    if (unattended.afterMs === 0) this.powerOn();
    else this.#countdown.start(entry.title, unattended.afterMs, () => this.powerOn());
  }

  /**
   * Does nothing as long as there is nothing to boot.
   * @param wanted what is done about a checkpoint, where the page's address does not turn them off
   */
  powerOn(wanted?: "renew"): void {
    this.#countdown.stop();
    const files = this.#byFirmware ? undefined : this.#otherMenu();
    if (files !== undefined) this.#options.onMenu(files);
    const entry = this.#selected();
    const startable = this.#byFirmware || entry?.kernel !== undefined;
    if (!startable || this.#power !== "off" || this.#unsupported) return;
    const { boot, jit, near, checkpoint, kernelEntry } = this.#options.asked;
    const { disk } = this.#write;
    this.#options.onPowerOn({
      boot,
      entry,
      append: this.#append.value,
      nic: this.#nic.value === "ne2k" ? "ne2k" : "virtio",
      memoryMiB: this.#memory.valueAsNumber,
      near,
      kernelEntry,
      checkpoint: checkpoint === "off" ? checkpoint : (wanted ?? checkpoint),
      ...(jit && { jit }),
      ...(disk && { disk }),
    });
  }

  /** What an address has to ask for so that this form says the same; `undefined` for an entry of a menu that this one led to. */
  configuration(): Configuration | undefined {
    const { boot, append, cmdline, label } = this.#options.asked;
    if (this.#menu.kind === "loaded" && !this.#menu.first) return undefined;
    const entry = this.#selected();
    const ofEntry =
      entry === undefined
        ? { append, ...(cmdline !== undefined && { cmdline }), ...(label !== undefined && { label }) }
        : { label: entry.label, ...askedLine(entry.append, this.#append.value, this.#layered) };
    const { disk } = this.#write;
    const memoryMiB = this.#memory.valueAsNumber;
    return {
      ...ofEntry,
      boot,
      nic: this.#nic.value === "ne2k" ? "ne2k" : "virtio",
      memoryMiB: Number.isNaN(memoryMiB) ? MEMORY_MIB.usual : memoryMiB,
      ...(disk && { disk }),
    };
  }

  /** @param disks of this browser */
  showDisks(disks: readonly KeptDisk[]): void {
    this.#write.showDisks(disks);
  }

  showMenu(menu: BootMenu): void {
    this.#menu = menu;
    if (menu.kind === "loaded") {
      this.#notHere = undefined;
      this.#fill(menu.config, menu.first ? this.#options.asked.label : undefined);
      this.#takeEntry(this.#askedLine());
    }
    this.#refresh();
  }

  showPower(power: PowerState): void {
    if (power === this.#power) return;
    this.#power = power;
    this.#refresh();
  }

  /** @param names undefined as long as the relay has not said */
  showExports(names: readonly string[] | undefined): void {
    this.#exports = names;
    this.#refresh();
  }

  /** @param facts of the machine, as far as they are known before power-on */
  showFacts(facts: SysAppendFacts): void {
    this.#facts = facts;
    this.#refresh();
  }

  /** This browser cannot run the machine. */
  forbid(): void {
    this.#unsupported = true;
    this.#refresh();
  }

  /** Selects the entry that is asked for, or else the menu's own default, or else the first that can be chosen. */
  #fill(config: PxelinuxConfig, asked: string | undefined): void {
    const { title, entries, defaultLabel } = config;
    setText(this.#title, title ?? "");
    this.#notes.show(config);
    const usable = entries
      .filter(isOfUse)
      .toSorted(kernelsFirst)
      .map(({ label }) => label);
    const wanted = [asked, defaultLabel].find((label) => label !== undefined && usable.includes(label));
    const back = this.#menu.kind === "loaded" && !this.#menu.first;
    fillEntryList(this.#entry, config, { wanted, back });
    this.#entry.value = wanted ?? usable[0] ?? "";
  }

  /** What the page's address wants of the command line, where the menu lets it. */
  #askedLine(): AskedLine {
    return this.#mayEdit() ? this.#options.asked : { append: "" };
  }

  /** The files of the menu that the selected line leads to. */
  #otherMenu(): readonly string[] | undefined {
    if (this.#entry.value === FIRST_MENU) return ["~"];
    const action = this.#selected()?.action;
    return action?.kind === "menu-files" ? action.files : undefined;
  }

  get #byFirmware(): boolean {
    return this.#options.asked.boot === "pxe";
  }

  #takeEntry(asked: AskedLine = { append: "" }): void {
    this.#append.value = lineOf(this.#selected()?.append ?? "", asked, this.#layered);
    this.#refresh();
  }

  /** Whether the command line has to name the disk. */
  get #layered(): boolean {
    return this.#write.disk !== undefined && this.#mayEdit();
  }

  #selected(): PxelinuxEntry | undefined {
    if (this.#menu.kind !== "loaded") return undefined;
    return this.#menu.config.entries.find((entry) => entry.label === this.#entry.value);
  }

  #refresh(): void {
    const entry = this.#selected();
    const off = this.#power === "off";
    const firmware = this.#byFirmware;
    this.#entry.disabled = !off || firmware || this.#menu.kind !== "loaded";
    this.#memory.disabled = !off;
    this.#write.enable(off);
    this.#nic.disabled = !off || firmware;
    this.#append.readOnly = !off || firmware || entry?.kernel === undefined || !this.#mayEdit();
    this.#back.disabled =
      !off || firmware || entry === undefined || this.#append.value.trim() === entry.append.trim();
    const leadsOn = !firmware && this.#otherMenu() !== undefined;
    setText(this.#powerOnText, leadsOn ? "Open this menu" : "Power on");
    this.#powerOn.disabled =
      !off || this.#unsupported || !(firmware || leadsOn || entry?.kernel !== undefined);
    setText(this.#help, entry?.helpText ?? "");
    this.#help.hidden = this.#help.textContent === "";
    this.#coldBoot.disabled = this.#powerOn.disabled || leadsOn || firmware;
    this.#options.onRoot(rootSourceOf(this.#append.value));
    this.#showHint(entry);
  }

  #showHint(entry: PxelinuxEntry | undefined): void {
    const problem = this.#problem(entry);
    if (problem === undefined) delete this.#hint.dataset.severity;
    else this.#hint.dataset.severity = problem.severity;
    const calm = this.#byFirmware ? BY_FIRMWARE : this.#calm(entry);
    const words = problem === undefined ? calm : `${problem.message} ${problem.advice}`;
    if (words === this.#said) return;
    this.#said = words;
    this.#hint.replaceChildren(...prose(words));
  }

  #problem(entry: PxelinuxEntry | undefined): Pick<Problem, "severity" | "message" | "advice"> | undefined {
    if (this.#menu.kind === "unavailable" && !this.#byFirmware) return this.#menu.problem;
    const wrong = entry?.kernel === undefined ? undefined : checkAppend(this.#append.value, this.#exports);
    if (wrong !== undefined) return wrong;
    const { rejected, label, append, cmdline } = this.#options.asked;
    const refused = [...rejected];
    if (this.#notHere !== undefined)
      refused.push(
        `The menu starts ${this.#notHere} by itself, which is not for this machine; choose an entry.`,
      );
    const line = cmdline === undefined ? "append=" : "cmdline=";
    if ((append !== "" || cmdline !== undefined) && !this.#mayEdit())
      refused.push(`${line} is left out: the menu lets no command line be changed (ALLOWOPTIONS 0).`);
    if (entry !== undefined && label !== undefined && !this.#knows(label))
      refused.push(`The boot menu has no entry ${label}; this is another one.`);
    if (refused.length === 0 || this.#power !== "off") return undefined;
    return { severity: "warning", message: "From this page's address:", advice: refused.join(" ") };
  }

  #knows(label: string): boolean {
    return this.#menu.kind === "loaded" && this.#menu.config.entries.some((entry) => entry.label === label);
  }

  /** ALLOWOPTIONS 0 forbids it. */
  #mayEdit(): boolean {
    return this.#menu.kind !== "loaded" || this.#menu.config.allowOptions;
  }

  #calm(entry: PxelinuxEntry | undefined): string {
    if (this.#menu.kind === "asking") return "Asking the boot server for its menu …";
    if (this.#power !== "off") return "In use. It can be edited when the machine is switched off.";
    if (entry?.kernel === undefined) return "This line leads to another menu.";
    const edits = this.#mayEdit()
      ? "Edits stay on this page; the boot server keeps its own."
      : "The menu does not let it be changed (ALLOWOPTIONS 0).";
    return `${entry.kernel} with this line. ${edits} ${sysAppendNote(entry.sysAppend, this.#facts)}`.trim();
  }
}

/** An entry that boots a Linux kernel, or one that leads to another menu. */
function isOfUse({ kernel, action }: PxelinuxEntry): boolean {
  return kernel !== undefined || action.kind === "menu-files";
}

function kernelsFirst(a: PxelinuxEntry, b: PxelinuxEntry): number {
  return Number(a.kernel === undefined) - Number(b.kernel === undefined);
}
