import type { MenuItem, PxelinuxConfig, PxelinuxMenu } from "../pxelinux/config.ts";
import { entryLabel, menuLabel } from "./entry.ts";
import { ipxeText, ipxeWords, setting } from "./words.ts";

/** The choice that is made when nobody makes one. */
export interface MenuDefault {
  /** An iPXE label. */
  readonly label: string;
  /** The line of the menu that has it, where there is none of its own. */
  readonly title: string;
  /** 0 for never. */
  readonly afterMs: number;
}

/**
 * Lines that show a menu and go where is chosen. Esc leads to the menu above, and from the first one to the prompt. After a
 * failure it is shown again without its time-out.
 */
export function menuCommands(
  config: PxelinuxConfig,
  index: number,
  { label, title, afterMs }: MenuDefault,
): string[] {
  const menu = config.menus[index]!;
  const items = menu.items.map((item) => itemCommand(config, item));
  const listed = items.some((item) => item.label === label);
  const name = menuLabel(index);
  const back = menu.parent === undefined ? "prompt" : menuLabel(menu.parent);
  return [
    `:${name}`,
    `set wait ${afterMs}`,
    `:${name}-again`,
    `set again ${name}-again`,
    joinOption("menu", titleOf(config, menu)),
    ...items.map(({ line }) => line),
    ...(listed || label === "" ? [] : [`item ${label} ${ipxeText(title)}`]),
    `choose ${label === "" ? "" : `--default ${label} `}--timeout ${setting("wait")} choice || goto ${back}`,
    `goto ${setting("choice")}`,
  ];
}

function titleOf({ menus }: PxelinuxConfig, menu: PxelinuxMenu): string {
  return ipxeText(menu.title !== "" ? menu.title : menu === menus[0] ? "Boot menu" : menu.tag);
}

function itemCommand({ entries }: PxelinuxConfig, item: MenuItem): { line: string; label?: string } {
  switch (item.kind) {
    case "separator":
      return { line: "item --gap" };
    case "disabled":
      return { line: joinOption("item --gap", ipxeText(item.title)) };
    case "submenu": {
      const label = item.password === undefined ? menuLabel(item.menu) : "guarded";
      return { line: `item ${keyOption(item.hotkey)}${label} ${ipxeText(item.title)} ...`, label };
    }
    case "entry": {
      const label = entryLabel(item.entry);
      const entry = entries[item.entry]!;
      const text = ipxeText(entry.title) || ipxeText(entry.label);
      return { line: `item ${keyOption(entry.hotkey)}${label} ${text}`, label };
    }
  }
}

/** iPXE knows keys of one byte. */
function keyOption(key: string | undefined): string {
  return key !== undefined && /^[!-~]$/.test(key) && key !== "-" ? `--key ${ipxeWords(key)} ` : "";
}

/** Text that may begin with a dash is none of the command's options. */
function joinOption(command: string, text: string): string {
  return text === "" ? command : `${command} -- ${text}`;
}
