import type { PxelinuxConfig } from "../../net/pxelinux/config.ts";
import { create } from "../dom.ts";
import { type EntryLine, entryLines } from "./entry-lines.ts";

/** The value of the line that leads back to the first menu: no label has a control character. */
export const FIRST_MENU = "\0";

/** Fills the list that the boot entry is chosen from. */
export function fillEntryList(
  select: HTMLSelectElement,
  config: PxelinuxConfig,
  { wanted, back }: { readonly wanted: string | undefined; readonly back: boolean },
): void {
  const nodes: HTMLElement[] = back ? [option({ text: "← the first menu", label: FIRST_MENU })] : [];
  let group: HTMLOptGroupElement | undefined;
  for (const line of entryLines(config, wanted)) {
    if (line.kind === "separator") {
      group = undefined;
      nodes.push(create("hr", ""));
      continue;
    }
    if (line.group === "") {
      group = undefined;
      nodes.push(option(line));
      continue;
    }
    if (group?.label !== line.group) {
      group = create("optgroup", "");
      group.label = line.group;
      nodes.push(group);
    }
    group.append(option(line));
  }
  select.replaceChildren(...nodes);
}

function option({
  text,
  label,
}: Pick<Extract<EntryLine, { kind: "line" }>, "text" | "label">): HTMLOptionElement {
  const element = create("option", "", text);
  element.value = label ?? "";
  element.disabled = label === undefined;
  return element;
}
