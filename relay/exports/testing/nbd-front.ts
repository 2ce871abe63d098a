import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ExportTable } from "../../../net/nbd/options.ts";
import { NbdSession, newSessionCounters, type SessionCounters } from "../../../net/nbd/session.ts";
import { streamOfSocket } from "../socket-stream.ts";

/** The guest's side of the relay without a guest: our NBD session on a real TCP port, for real clients. */
export interface NbdFront {
  readonly port: number;
  readonly counters: SessionCounters;
  url(name: string): string;
  close(): Promise<void>;
}

export async function listenNbd(exports: ExportTable): Promise<NbdFront> {
  const counters = newSessionCounters();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const stream = streamOfSocket(socket, {
      data: (bytes) => session.data(bytes),
      end: () => session.end(),
      drained: () => session.drained(),
      closed: (reason) => session.closed(reason),
    });
    const session = new NbdSession(stream, exports, counters);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    counters,
    url: (name) => `nbd://127.0.0.1:${port}/${encodeURIComponent(name)}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
