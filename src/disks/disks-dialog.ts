import type { Remote } from "comlink";
import type { DisksApi, KeptDisk, Problem } from "../../worker/interface.ts";
import { create, find, setText } from "../dom.ts";
import { formatBytes } from "../format.ts";
import type { MachineState } from "../machine/machine-state.ts";
import { diskFacts, diskStateText, persistenceText } from "./words.ts";

export interface DisksDialogOptions {
  readonly api: () => Remote<DisksApi> | undefined;
  /** The disks that there are now. */
  readonly onDisks: (disks: readonly KeptDisk[]) => void;
}

const SIZES_MIB = [256, 512, 1024, 2048, 4096, 8192];
const USUAL_MIB = 2048;

/** The disks of this browser, and what can be done with them. */
export class DisksDialog {
  readonly #options: DisksDialogOptions;
  readonly #dialog: HTMLDialogElement;
  readonly #list: HTMLUListElement;
  readonly #said: HTMLElement;
  readonly #storage: HTMLElement;
  readonly #state: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #size: HTMLSelectElement;
  #asked = false;
  #power: MachineState["power"] = "off";

  constructor(root: ParentNode, options: DisksDialogOptions) {
    this.#options = options;
    this.#dialog = find(root, "#disks", HTMLDialogElement);
    this.#list = find(root, "#disk-list", HTMLUListElement);
    this.#said = find(root, "#disk-said", HTMLElement);
    this.#storage = find(root, "#disks-storage", HTMLElement);
    this.#state = find(root, "#disk-state", HTMLElement);
    this.#name = find(root, "#disk-name", HTMLInputElement);
    this.#size = find(root, "#disk-size", HTMLSelectElement);
    this.#size.replaceChildren(
      ...SIZES_MIB.map((size) => {
        const option = create("option", "", size < 1024 ? `${size} MiB` : `${size / 1024} GiB`);
        option.value = String(size);
        option.selected = size === USUAL_MIB;
        return option;
      }),
    );
    find(root, "#disks-open", HTMLButtonElement).addEventListener("click", () => {
      this.#dialog.showModal();
      void this.refresh();
    });
    find(root, "#disks-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    find(root, "#disk-new", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#create();
    });
    const upload = find(root, "#disk-upload", HTMLInputElement);
    upload.addEventListener("change", () => void this.#upload(upload));
  }

  /** Asks the worker for the disks, and shows them. */
  async refresh(): Promise<void> {
    const disks = await this.#options.api()?.listDisks();
    if (disks === undefined) return;
    if ("message" in disks) {
      this.#say(disks);
      return;
    }
    this.#options.onDisks(disks);
    this.#list.replaceChildren(...disks.map((disk) => this.#item(disk)));
    await this.#showStorage();
  }

  /** Once, and only where there is something to be kept: some browsers ask the person. */
  async askToPersist(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    // Absent where the page is no secure context.
    await navigator.storage?.persist?.().catch(() => false);
    await this.#showStorage();
  }

  showMachine({ disk, power }: MachineState): void {
    this.#state.hidden = disk === undefined || power === "off";
    if (disk !== undefined) setText(this.#state, diskStateText(disk));
    // What was made by the machine, or let go of, is seen.
    if (power !== this.#power && (power === "off" || power === "running")) void this.refresh();
    this.#power = power;
  }

  #item(disk: KeptDisk): HTMLLIElement {
    const { name, busy, damaged } = disk;
    const actions = create("div", "disk-actions");
    const action = (label: string, enabled: boolean, act: () => void) => {
      const button = create("button", "", label);
      button.type = "button";
      button.disabled = !enabled;
      button.setAttribute("aria-label", `${label} ${name}`);
      button.addEventListener("click", act);
      actions.append(button);
    };
    const usable = !busy && damaged === undefined;
    action("Rename", !busy, () => void this.#renamed(name));
    action("Duplicate", usable, () => void this.#duplicated(name));
    action("Download", usable, () => void this.#download(name));
    action("Reset", usable, () => {
      if (confirm(`Forget all that was written to the disk ${name}?`))
        void this.#do((api) => api.resetDisk(name));
    });
    action("Delete", !busy, () => {
      if (confirm(`Delete the disk ${name} and all that is on it?`))
        void this.#do((api) => api.deleteDisk(name));
    });
    const item = create(
      "li",
      "",
      create("strong", "", name),
      create("p", "disk-facts", diskFacts(disk)),
      actions,
    );
    item.dataset.disk = name;
    return item;
  }

  async #create(): Promise<void> {
    void this.askToPersist();
    const done = await this.#do((api) => api.createDisk(this.#name.value, Number(this.#size.value)));
    if (done) this.#name.value = "";
  }

  async #renamed(name: string): Promise<void> {
    const newName = prompt("Its new name", name);
    if (newName !== null && newName !== name) await this.#do((api) => api.renameDisk(name, newName));
  }

  async #duplicated(name: string): Promise<void> {
    const newName = prompt("The copy's name", `${name} copy`);
    if (newName !== null) await this.#do((api) => api.duplicateDisk(name, newName));
  }

  async #upload(input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? [];
    if (file === undefined) return;
    void this.askToPersist();
    const name = this.#name.value.trim() || file.name.replace(/(\.img|\.ext4|\.raw)?(\.gz)?$/, "");
    const done = await this.#do((api) => api.uploadDisk(name, file));
    input.value = "";
    if (done) this.#name.value = "";
  }

  async #download(name: string): Promise<void> {
    setText(this.#said, "");
    const image = await this.#options.api()?.downloadDisk(name);
    if (image === undefined) return;
    if (!(image instanceof Blob)) {
      this.#say(image);
      return;
    }
    const link = create("a", "");
    link.href = URL.createObjectURL(image);
    link.download = `${name}.img.gz`;
    link.click();
    // The download has begun with what it is of by the time that this is called.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  /** Resolves with whether it was done. */
  async #do(act: (api: Remote<DisksApi>) => Promise<Problem | undefined>): Promise<boolean> {
    const api = this.#options.api();
    if (api === undefined) return false;
    setText(this.#said, "");
    const problem = await act(api);
    if (problem !== undefined) this.#say(problem);
    await this.refresh();
    return problem === undefined;
  }

  #say({ message, advice }: Problem): void {
    setText(this.#said, `${message} ${advice}`);
  }

  async #showStorage(): Promise<void> {
    const { storage } = navigator;
    if (storage?.persisted === undefined) return;
    const [persisted, { usage = 0, quota = 0 }] = await Promise.all([
      storage.persisted(),
      storage.estimate(),
    ]);
    const room = `This page uses ${formatBytes(usage)} of the ${formatBytes(quota)} that this browser lets it have.`;
    setText(this.#storage, `${room} ${persistenceText(persisted, this.#asked)}`);
  }
}
