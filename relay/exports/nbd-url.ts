import type { DialTarget } from "./socket-stream.ts";

export interface NbdUrl {
  readonly target: DialTarget;
  /** The export's name on that server; may be empty, which is a server's default export. */
  readonly exportName: string;
}

const DEFAULT_PORT = 10809;

/**
 * Reads `nbd://HOST[:PORT]/NAME` or `nbd+unix:///NAME?socket=PATH`, as the NBD URI specification has them. Throws an
 * `Error` with a sentence for a person.
 */
export function parseNbdUrl(text: string): NbdUrl {
  let url: URL;
  let exportName: string;
  try {
    url = new URL(text);
    exportName = decodeURIComponent(url.pathname.replace(/^\//, ""));
  } catch {
    throw new Error(`"${text}" is not an NBD address. It should look like nbd://host:10809/name.`);
  }
  switch (url.protocol) {
    case "nbd:": {
      if (url.hostname === "")
        throw new Error(`"${text}" names no host. It should look like nbd://host:10809/name.`);
      const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
      return { target: { host, port: url.port === "" ? DEFAULT_PORT : Number(url.port) }, exportName };
    }
    case "nbd+unix:": {
      const path = url.searchParams.get("socket");
      if (path === null)
        throw new Error(`"${text}" names no socket. It should end in ?socket=/path/to/socket.`);
      return { target: { path }, exportName };
    }
    default:
      throw new Error(
        `"${text}" is neither nbd:// nor nbd+unix://; other kinds of server are not known here.`,
      );
  }
}

/** The server's address in words: "127.0.0.1:10809". */
export function formatTarget(target: DialTarget): string {
  return "path" in target ? target.path : `${target.host}:${target.port}`;
}
