import { lookup } from "node:dns/promises";
import type { ExportHub } from "../../net/export/hub.ts";
import type { DeclaredService } from "../../net/gateway/gateway.ts";
import { forward } from "../../net/gateway/splice.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { NbdSession, newSessionCounters, type SessionCounters } from "../../net/nbd/session.ts";
import type { Notice } from "../../net/status/status.ts";
import type { StreamService } from "../../net/stream/stream.ts";
import { BOOT_HTTP_PORT } from "../boot-http/boot-http.ts";
import type { Configuration } from "../config/schema.ts";
import { dialTcp } from "../exports/socket-stream.ts";

/** What guests may reach by TCP at the boot server's address. */
export interface Services {
  readonly declared: readonly DeclaredService[];
  /** Of all NBD sessions, those of tabs as well. */
  readonly sessions: SessionCounters;
  readonly notices: readonly Notice[];
}

/**
 * The exports on the NBD port, the boot files by HTTP on port 80, and the configuration's forwards; a forward of port 80 goes before
 * the boot files. Names are resolved here, once: where a guest gets to never
 * depends on a later answer of a name server. A forward without an address is a notice; its port stays closed.
 */
export async function declareServices(
  hub: ExportHub,
  forwards: Configuration["forward"],
  bootHttp: StreamService,
): Promise<Services> {
  const sessions = newSessionCounters();
  const declared: DeclaredService[] = [
    { port: NBD_PORT, service: (stream) => new NbdSession(stream, hub, sessions) },
  ];
  const notices: Notice[] = [];
  if (forwards.every(({ port }) => port !== BOOT_HTTP_PORT)) {
    declared.push({ port: BOOT_HTTP_PORT, service: bootHttp });
  } else {
    notices.push({
      code: "boot-http-forwarded",
      message: `Port ${BOOT_HTTP_PORT} is forwarded, so machines get their boot files by TFTP only. Forward another port where they should come by HTTP as well.`,
    });
  }
  for (const { port, to } of forwards) {
    try {
      const { address } = await lookup(to.host);
      declared.push({ port, service: forward(dialTcp, { host: address, port: to.port }) });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      notices.push({
        code: "forward-unresolved",
        message: `The forward of port ${port} leads to ${to.host}, which has no address (${code}): it stays closed. Mend the name in netroot.toml, or the name server, and start again.`,
      });
    }
  }
  return { declared, sessions, notices };
}
