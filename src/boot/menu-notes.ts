import type { LineReport, PxelinuxConfig } from "../../net/pxelinux/config.ts";
import { create, find, setText } from "../dom.ts";

/** What the menu's files say that nothing acts on, and what SAY says: there to be read, out of the way. */
export class MenuNotes {
  readonly #details: HTMLDetailsElement;
  readonly #summary: HTMLElement;
  readonly #list: HTMLUListElement;

  constructor(root: ParentNode) {
    this.#details = find(root, "#menu-notes", HTMLDetailsElement);
    this.#summary = find(root, "#menu-notes-summary", HTMLElement);
    this.#list = find(root, "#menu-notes-list", HTMLUListElement);
  }

  show({ reports, say }: Pick<PxelinuxConfig, "reports" | "say">): void {
    const lines = [...say.map((text) => `It says: ${text}`), ...reports.map(reportText)];
    this.#details.hidden = lines.length === 0;
    this.#details.toggleAttribute("data-slips", slipsOf(reports) > 0);
    setText(this.#summary, notesTitle(reports, say.length));
    this.#list.replaceChildren(...lines.map((line) => create("li", "", line)));
  }
}

/** `pxelinux.cfg/default, line 3: TIMEOUT ten – its value is no number` */
function reportText({ file, line, text, why }: LineReport): string {
  return `${file}, line ${line}: ${text} – ${why}`;
}

/** What the notes are, in a line: `2 slips in the menu, 1 line without effect here`. */
export function notesTitle(reports: readonly LineReport[], said: number): string {
  const slips = slipsOf(reports);
  const unused = reports.length - slips;
  const parts = [
    ...(slips === 0 ? [] : [`${slips} ${slips === 1 ? "slip" : "slips"} in the menu`]),
    ...(unused === 0 ? [] : [`${unused} ${unused === 1 ? "line" : "lines"} of the menu without effect here`]),
  ];
  if (parts.length > 0) return parts.join(", ");
  return said === 0 ? "" : "What the menu says";
}

function slipsOf(reports: readonly LineReport[]): number {
  return reports.filter(({ kind }) => kind === "slip").length;
}
