import type { PxelinuxConfig, PxelinuxEntry } from "../../net/pxelinux/config.ts";
import type { PowerState, Problem } from "../../worker/interface.ts";
import { create, find, prose } from "../dom.ts";
import { MEMORY_MIB, type PageUrl } from "../page-url.ts";
import type { BootMenu } from "./boot-menu.ts";
import { type BootChoice, joinAppend } from "./machine-settings.ts";
import { checkAppend, exportOf } from "./root-parameter.ts";

export interface BootFormOptions {
  readonly asked: PageUrl;
  readonly onPowerOn: (choice: BootChoice) => void;
  /** The command line names another export now, or none. */
  readonly onExport: (name: string | undefined) => void;
}

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
  #menu: BootMenu = { kind: "asking" };
  #power: PowerState = "off";
  #exports: readonly string[] | undefined;
  #unsupported = false;
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

    this.#memory.min = String(MEMORY_MIB.least);
    this.#memory.max = String(MEMORY_MIB.most);
    this.#memory.value = String(options.asked.memoryMiB);
    this.#nic.value = options.asked.nic;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.powerOn();
    });
    this.#coldBoot.addEventListener("click", () => this.powerOn("renew"));
    this.#entry.addEventListener("change", () => this.#takeEntry(""));
    this.#back.addEventListener("click", () => {
      this.#takeEntry("");
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
   * Does nothing as long as there is nothing to boot.
   * @param wanted what is done about a checkpoint, where the page's address does not turn them off
   */
  powerOn(wanted?: "renew"): void {
    const entry = this.#selected();
    if (entry === undefined || this.#power !== "off" || this.#unsupported) return;
    const { jit, near, checkpoint, kernelEntry } = this.#options.asked;
    this.#options.onPowerOn({
      entry,
      append: this.#append.value,
      nic: this.#nic.value === "ne2k" ? "ne2k" : "virtio",
      memoryMiB: this.#memory.valueAsNumber,
      near,
      kernelEntry,
      checkpoint: checkpoint === "off" ? checkpoint : (wanted ?? checkpoint),
      ...(jit && { jit }),
    });
  }

  showMenu(menu: BootMenu): void {
    this.#menu = menu;
    if (menu.kind === "loaded") this.#fill(menu.config);
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

  /** This browser cannot run the machine. */
  forbid(): void {
    this.#unsupported = true;
    this.#refresh();
  }

  #fill({ entries, defaultLabel }: PxelinuxConfig): void {
    const { label, append } = this.#options.asked;
    const options = entries.map((entry) => {
      const title = entry.title === entry.label ? entry.label : `${entry.label} · ${entry.title}`;
      const option = create("option", "", title);
      option.value = entry.label;
      option.disabled = entry.kernel === undefined;
      return option;
    });
    this.#entry.replaceChildren(...options);
    const bootable = entries.filter((entry) => entry.kernel !== undefined).map((entry) => entry.label);
    const wanted = [label, defaultLabel].find((one) => one !== undefined && bootable.includes(one));
    this.#entry.value = wanted ?? bootable[0] ?? "";
    this.#takeEntry(append);
  }

  #takeEntry(added: string): void {
    this.#append.value = joinAppend(this.#selected()?.append ?? "", added);
    this.#refresh();
  }

  #selected(): PxelinuxEntry | undefined {
    if (this.#menu.kind !== "loaded") return undefined;
    return this.#menu.config.entries.find((entry) => entry.label === this.#entry.value);
  }

  #refresh(): void {
    const entry = this.#selected();
    const off = this.#power === "off";
    this.#entry.disabled = !off || this.#menu.kind !== "loaded";
    this.#memory.disabled = !off;
    this.#nic.disabled = !off;
    this.#append.readOnly = !off || entry === undefined;
    this.#back.disabled = !off || entry === undefined || this.#append.value.trim() === entry.append.trim();
    this.#powerOn.disabled = !off || entry === undefined || this.#unsupported;
    this.#coldBoot.disabled = this.#powerOn.disabled;
    this.#options.onExport(exportOf(this.#append.value));
    this.#showHint(entry);
  }

  #showHint(entry: PxelinuxEntry | undefined): void {
    const problem = this.#problem(entry);
    if (problem === undefined) delete this.#hint.dataset.severity;
    else this.#hint.dataset.severity = problem.severity;
    const words = problem === undefined ? this.#calm(entry) : `${problem.message} ${problem.advice}`;
    if (words === this.#said) return;
    this.#said = words;
    this.#hint.replaceChildren(...prose(words));
  }

  #problem(entry: PxelinuxEntry | undefined): Pick<Problem, "severity" | "message" | "advice"> | undefined {
    if (this.#menu.kind === "unavailable") return this.#menu.problem;
    const wrong = entry === undefined ? undefined : checkAppend(this.#append.value, this.#exports);
    if (wrong !== undefined) return wrong;
    const { rejected, label } = this.#options.asked;
    const refused = [...rejected];
    if (entry !== undefined && label !== undefined && !this.#knows(label))
      refused.push(`The boot menu has no entry ${label}; this is another one.`);
    if (refused.length === 0 || this.#power !== "off") return undefined;
    return { severity: "warning", message: "From this page's address:", advice: refused.join(" ") };
  }

  #knows(label: string): boolean {
    return this.#menu.kind === "loaded" && this.#menu.config.entries.some((entry) => entry.label === label);
  }

  #calm(entry: PxelinuxEntry | undefined): string {
    if (entry === undefined) return "Asking the boot server for its menu …";
    if (this.#power !== "off") return "In use. It can be edited when the machine is switched off.";
    return `${entry.kernel} with this line. Edits stay on this page; the boot server keeps its own.`;
  }
}
