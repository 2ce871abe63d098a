/** What `/status` answers and the page shows: the state of the boot network in words and numbers. */
export interface RelayStatus {
  readonly version: string;
  /** The boot tree's folder, as it was given. */
  readonly tree: string;
  readonly network: {
    /** The boot server and gateway, dotted decimal: 10.86.0.1. */
    readonly server: string;
    /** The first address that a client is leased. */
    readonly client: string;
    /** Of that address, where every client is sure to be leased it: where each has a segment to itself. */
    readonly netmask?: string;
    /** Whether each client has the network to itself, or all share one. */
    readonly mode: "isolated" | "shared";
  };
  /**
   * The pxelinux.cfg file of a machine at the client's address, by its path in tftpboot/, and the folder there that the names
   * in it are relative to; absent where the tree has none.
   */
  readonly menu?: { readonly file: string; readonly prefix: string };
  readonly mtu: number;
  readonly exports: readonly ExportStatus[];
  /** How many clients there are, those that are away and may come back included. */
  readonly clients: number;
  /** Of them, those whose connection was cut and who are waited for. */
  readonly clientsAway: number;
  /** What a person should know before powering on. */
  readonly notices: readonly Notice[];
}

/** `ready`: reads are answered. `connecting`: the server is away, reads wait. `failed`: reads are refused, see `detail`. */
export type ExportState = "ready" | "connecting" | "failed";

export interface ExportStatus {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Where it comes from: "nbd-server on 127.0.0.1:10809", "image file kisroot.squashfs". */
  readonly description: string;
  /** Its AoE target, "e0.1", where it has one. */
  readonly aoe?: string;
  readonly state: ExportState;
  /** The state in words. */
  readonly detail: string;
  /** Something that is not as it should be although it works: "nbd-server is not installed, …". */
  readonly notice?: string;
  readonly reads: number;
  readonly readBytes: number;
  /** Times that the connection to its server was made again. */
  readonly reconnects?: number;
  /** What tabs have read ahead of their guests, besides. */
  readonly aheadBytes: number;
}

/** A sentence that says what is wrong and, where something helps, what to do. `code` is stable, for tests and the page. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}
