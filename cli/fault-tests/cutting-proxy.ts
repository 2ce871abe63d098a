import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on the loopback interface whose connections can be cut, as a network does it. */
export async function startCuttingProxy(port: number) {
  const open = new Set<Socket>();
  const clients = new Set<Socket>();
  /** Clients that are gone without the target having heard of it. */
  const forgotten = new Set<Socket>();
  let refusals = 0;
  const server = createServer((client) => {
    if (refusals > 0) {
      refusals -= 1;
      client.resetAndDestroy();
      return;
    }
    const target = connect(port, "127.0.0.1");
    clients.add(client);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.once("close", () => {
        open.delete(from);
        if (clients.delete(from) && forgotten.delete(from)) to.resume();
        else to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  /** Cuts both ends off. */
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    /** Cuts the clients off; the server goes on speaking to nobody. */
    cutClients: () => {
      for (const client of clients) {
        forgotten.add(client);
        client.unpipe();
        client.resetAndDestroy();
      }
    },
    port: (server.address() as AddressInfo).port,
    cut,
    /** The next connections end as soon as they begin. */
    refuse: (times: number) => {
      refusals = times;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
