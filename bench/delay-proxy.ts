import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface DelayProxy {
  readonly port: number;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/**
 * A link with a round trip of `roundTripMs` and no limit on bandwidth, to a server on this machine: what comes in is handed on
 * half a round trip later, in each direction. Setting up a connection costs a round trip as well.
 */
export async function startDelayProxy(toPort: number, roundTripMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    // What a TCP handshake over the link would take.
    setTimeout(() => {
      const far = connect({ port: toPort, host: "127.0.0.1", allowHalfOpen: true });
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.once("close", () => sockets.delete(socket));
      }
      delay(near, far, roundTripMs / 2);
      delay(far, near, roundTripMs / 2);
    }, roundTripMs);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Timers keep their order among those of one delay. */
function delay(from: Socket, to: Socket, ms: number): void {
  const later = (act: () => void) => void setTimeout(act, ms);
  from.on("data", (chunk: Buffer) => later(() => to.writable && to.write(chunk)));
  from.on("end", () => later(() => to.end()));
  from.on("error", () => {});
  from.on("close", () => later(() => to.destroy()));
}
