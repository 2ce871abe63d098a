import { initrdsOf } from "../../../net/pxelinux/append.ts";
import { parsePxelinux } from "../../../net/pxelinux/parse.ts";
import { treePath } from "../../../net/pxelinux/path.ts";
import { SmokeError } from "../errors.ts";

/** What an entry of a boot menu boots. Files are paths in tftpboot/. */
export interface MenuEntry {
  readonly label: string;
  readonly kernel: string;
  readonly initrds: readonly string[];
  /** Without initrd=. */
  readonly append: string;
}

/** Throws a `SmokeError` where there is no such entry. @param label the menu's default unless given */
export function menuEntry(menu: string, label: string | undefined): MenuEntry {
  const config = parsePxelinux(menu);
  const wanted = label ?? config.defaultLabel;
  const entry = config.entries.find((each) => each.label === wanted);
  if (entry === undefined) {
    const there = config.entries.map((each) => each.label).join(", ") || "none";
    throw new SmokeError(
      "usage",
      `The boot menu has no entry ${wanted ?? "to start with"}; there is: ${there}.`,
    );
  }
  if (entry.kernel === undefined)
    throw new SmokeError("usage", `The boot entry ${entry.label} has no Linux kernel.`);
  const place = (name: string) => {
    const path = treePath(name, entry.prefix);
    if (path.ok) return path.path;
    throw new SmokeError(
      "usage",
      `The boot entry ${entry.label} names ${name}, which is not in the boot tree.`,
    );
  };
  return {
    label: entry.label,
    kernel: place(entry.kernel),
    initrds: initrdsOf(entry.append).map(place),
    append: withoutInitrd(entry.append),
  };
}

function withoutInitrd(append: string): string {
  const words = append.split(/\s+/).filter((word) => word !== "" && !word.startsWith("initrd="));
  return words.join(" ");
}
