import type { EntryAction, MenuItem, PxelinuxConfig, PxelinuxEntry } from "../../net/pxelinux/config.ts";

/** A line of the list that the boot entry is chosen from. */
export type EntryLine =
  | { readonly kind: "separator" }
  | {
      readonly kind: "line";
      readonly text: string;
      /** The titles of the submenus that it is in, `Debian › Daily builds`; empty in the top menu. */
      readonly group: string;
      /** The label to choose; undefined where the line is for reading only. */
      readonly label: string | undefined;
    };

/**
 * All menus of a config as one list, the submenus where their own lines are. The ways from menu to menu are not in it: all of
 * them are in sight.
 * @param wanted a hidden entry that is to be in it all the same
 */
export function entryLines(config: PxelinuxConfig, wanted?: string): EntryLine[] {
  const hidden = config.entries.filter((entry) => entry.hidden && entry.label === wanted);
  return [...menuLines(config, 0, ""), ...hidden.map((entry) => entryLine(entry, ""))];
}

function menuLines(config: PxelinuxConfig, menu: number, group: string): EntryLine[] {
  return config.menus[menu]!.items.flatMap((item) => itemLines(config, item, group));
}

function itemLines(config: PxelinuxConfig, item: MenuItem, group: string): EntryLine[] {
  switch (item.kind) {
    case "separator":
      return [{ kind: "separator" }];
    case "disabled":
      return [{ kind: "line", text: indented(item.title, item.indent), group, label: undefined }];
    case "submenu":
      return menuLines(config, item.menu, group === "" ? item.title : `${group} › ${item.title}`);
    case "entry": {
      const entry = config.entries[item.entry]!;
      return entry.action.kind === "goto" || entry.action.kind === "quit" ? [] : [entryLine(entry, group)];
    }
  }
}

function entryLine(entry: PxelinuxEntry, group: string): EntryLine {
  const { label, title, indent, action } = entry;
  const name = title === label ? label : `${label} · ${title}`;
  const why = notHere(action);
  const text = indented(why === undefined ? name : `${name} (${why})`, indent);
  return { kind: "line", text, group, label: why === undefined ? label : undefined };
}

/** Why an entry cannot be chosen on this page; undefined where it can. */
function notHere(action: EntryAction): string | undefined {
  switch (action.kind) {
    case "linux":
    case "menu-files":
      return undefined;
    case "local":
      return "the local disk: this machine has none";
    case "help":
      return "a text to read";
    case "goto":
    case "quit":
      return "another menu";
    default:
      return `${action.file}: only Linux kernels are started here`;
  }
}

/** A list takes ordinary blanks away. */
function indented(text: string, indent: number): string {
  return "\u00a0".repeat(indent) + text;
}
