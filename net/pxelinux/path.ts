export type TreePath =
  /** Relative to the boot tree's tftpboot/, with no empty, `.` or `..` part. */
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: "empty" | "outside" | "elsewhere" };

/**
 * Where a file that a config names lies in the boot tree. A leading `/` or `::` means the tree's root; names are otherwise
 * relative to `prefix` (a folder of the tree, "" for its root). `elsewhere` is a name on another server: `tftp://…`, `10.0.0.1::…`.
 */
export function treePath(name: string, prefix = ""): TreePath {
  if (name === "") return { ok: false, reason: "empty" };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return { ok: false, reason: "elsewhere" };
  const [server = "", ...rest] = name.split("::");
  if (rest.length > 0 && server !== "") return { ok: false, reason: "elsewhere" };
  const local = rest.length > 0 ? rest.join("::") : name;
  const absolute = rest.length > 0 || local.startsWith("/");
  const parts: string[] = [];
  for (const part of `${absolute ? "" : prefix}/${local}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return { ok: false, reason: "outside" };
  }
  return parts.length === 0 ? { ok: false, reason: "empty" } : { ok: true, path: parts.join("/") };
}

/** Why a file cannot be had, in words. */
export function unreachable(name: string, reason: Extract<TreePath, { ok: false }>["reason"]): string {
  switch (reason) {
    case "empty":
      return "it names no file";
    case "outside":
      return `${name} lies outside the boot tree`;
    case "elsewhere":
      return `${name} is on another server, and files come from this one only`;
  }
}
