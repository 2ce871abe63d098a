/** Where everything of one relay is. All absolute. */
export interface RelayUrls {
  readonly wire: string;
  readonly status: string;
  readonly bios: string;
  readonly vgaBios: string;
  /** The boot ROM of the NE2000. */
  readonly rom: string;
  /** HOST:PORT of the wire, for people. */
  readonly host: string;
  /** A file of the boot tree, by its path in `tftpboot/`. */
  file(path: string): string;
}

/**
 * @param page the page's own address: its server is the relay
 * @param wire another relay's WebSocket (`relay=` in the page's address). Files still come from the page's server: the
 *   page is cross-origin isolated, so no other server's files may be read.
 */
export function relayUrls(page: string, wire?: string): RelayUrls {
  const base = new URL("./", page);
  const at = (path: string) => new URL(path, base).href;
  return {
    wire: wire ?? at("wire").replace(/^http/, "ws"),
    status: at("status"),
    bios: at("firmware/bios.bin"),
    vgaBios: at("firmware/vgabios.bin"),
    rom: at("firmware/pxe-ne2k_pci.rom"),
    host: wire === undefined ? base.host : new URL(wire).host,
    file: (path) => at(`tftpboot/${encodePath(path)}`),
  };
}

/** A path in the tree holds no URL syntax: `?` and `#` are characters of file names. */
function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
