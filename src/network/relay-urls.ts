/** Where everything of one relay is. All absolute. */
export interface RelayUrls {
  readonly wire: string;
  readonly status: string;
  readonly menu: string;
  readonly bios: string;
  readonly vgaBios: string;
  /** HOST:PORT, for people. */
  readonly host: string;
  /** A file of the boot tree, by its path in `tftpboot/`. */
  file(path: string): string;
}

/**
 * @param page the page's own address: its server is the relay
 * @param wire another relay's WebSocket (`relay=` in the page's address)
 */
export function relayUrls(page: string, wire?: string): RelayUrls {
  const base = new URL(wire === undefined ? "./" : httpOf(wire), page);
  const at = (path: string) => new URL(path, base).href;
  return {
    wire: wire ?? at("wire").replace(/^http/, "ws"),
    status: at("status"),
    menu: at("tftpboot/pxelinux.cfg/default"),
    bios: at("firmware/bios.bin"),
    vgaBios: at("firmware/vgabios.bin"),
    host: base.host,
    file: (path) => at(`tftpboot/${encodePath(path)}`),
  };
}

/** ws://HOST/some/where/wire → http://HOST/some/where/ */
function httpOf(wire: string): string {
  const url = new URL(wire);
  const path = url.pathname.replace(/wire$/, "");
  return `${url.protocol.replace("ws", "http")}//${url.host}${path.endsWith("/") ? path : `${path}/`}`;
}

/** A path in the tree holds no URL syntax: `?` and `#` are characters of file names. */
function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
