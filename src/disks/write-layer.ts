import type { DiskSettings, KeptDisk } from "../../worker/interface.ts";
import { create, find } from "../dom.ts";
import { USUAL_DISK } from "../page-url.ts";

const IN_MEMORY = "ram";
const ON_DISK = "disk:";

/** The choice of where the system's writes go: to the machine's memory, or to a disk of this browser. */
export class WriteLayer {
  readonly #select: HTMLSelectElement;
  readonly #asked: DiskSettings | undefined;

  /** @param onChange a person has chosen another one */
  constructor(root: ParentNode, asked: DiskSettings | undefined, onChange: () => void) {
    this.#select = find(root, "#write", HTMLSelectElement);
    this.#asked = asked;
    this.showDisks([]);
    this.#select.value = asked === undefined ? IN_MEMORY : ON_DISK + asked.name;
    this.#select.addEventListener("change", onChange);
  }

  /** None where it is memory. */
  get disk(): DiskSettings | undefined {
    const { value } = this.#select;
    if (!value.startsWith(ON_DISK)) return undefined;
    const name = value.slice(ON_DISK.length);
    return name === this.#asked?.name ? this.#asked : { name };
  }

  enable(enabled: boolean): void {
    this.#select.disabled = !enabled;
  }

  showDisks(disks: readonly KeptDisk[]): void {
    const chosen = this.#select.value;
    const there = disks.map(({ name }) => name);
    const wanted = this.#asked?.name ?? USUAL_DISK;
    const names = there.includes(wanted) ? there : [...there, wanted];
    this.#select.replaceChildren(
      option(IN_MEMORY, "its memory: forgotten at power-off"),
      ...names.map((name) =>
        option(
          ON_DISK + name,
          there.includes(name) ? `the disk ${name}` : `a new disk ${name} in this browser`,
        ),
      ),
    );
    this.#select.value = chosen;
    // The disk that was chosen is gone.
    if (this.#select.selectedIndex < 0) this.#select.value = IN_MEMORY;
  }
}

function option(value: string, words: string): HTMLOptionElement {
  const element = create("option", "", words);
  element.value = value;
  return element;
}
