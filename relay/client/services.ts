import { lookup } from "node:dns/promises";
import type { ExportHub } from "../../net/export/hub.ts";
import type { DeclaredService } from "../../net/gateway/gateway.ts";
import { forward } from "../../net/gateway/splice.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { NbdSession, newSessionCounters, type SessionCounters } from "../../net/nbd/session.ts";
import type { Notice } from "../../net/status/status.ts";
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
 * The exports on the NBD port, and the configuration's forwards. Names are resolved here, once: where a guest gets to never
 * depends on a later answer of a name server. A forward without an address is a notice; its port stays closed.
 */
export async function declareServices(hub: ExportHub, forwards: Configuration["forward"]): Promise<Services> {
  const sessions = newSessionCounters();
  const declared: DeclaredService[] = [
    { port: NBD_PORT, service: (stream) => new NbdSession(stream, hub, sessions) },
  ];
  const notices: Notice[] = [];
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
