import {
  RemoteExport,
  type RemoteExportOptions,
  type RemoteExportState,
} from "../../net/nbd/remote-export.ts";
import { afterTimeout } from "../drive.ts";
import { formatTarget, parseNbdUrl } from "./nbd-url.ts";
import { dialTcp } from "./socket-stream.ts";

export type NbdExportState = RemoteExportState;

type Limits = Pick<RemoteExportOptions, "onState" | "requestTimeoutMs" | "openTimeoutMs" | "maxRequests">;

export interface NbdExportOptions extends Limits {
  /** `nbd://host:port/name` or `nbd+unix:///name?socket=PATH`. */
  readonly url: string;
  /** The name under which guests see it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** "NBD server at HOST:PORT" unless given. */
  readonly description?: string;
}

/** Connects to a real NBD server. Rejects with an `ExportError` whose message says what is wrong and with which server. */
export async function openNbdExport(options: NbdExportOptions): Promise<NbdExport> {
  const back = new NbdExport(options);
  await back.opened;
  return back;
}

/** An export on a real NBD server, reached over TCP or a UNIX socket. */
export class NbdExport extends RemoteExport {
  constructor({ url, ...options }: NbdExportOptions) {
    const { target, exportName } = parseNbdUrl(url);
    const address = formatTarget(target);
    super({
      description: `NBD server at ${address}`,
      ...options,
      remoteName: exportName,
      server: `The NBD server at ${address}`,
      sizeAdvice: "start the relay again to use the new image.",
      dial: (handler) => dialTcp(target, handler),
      after: afterTimeout,
      nowMs: Date.now,
      random: Math.random,
    });
  }
}
