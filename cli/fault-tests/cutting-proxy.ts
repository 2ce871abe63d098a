import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on the loopback interface whose connections can be cut, as a network does it: without a word at either end. */
export async function startCuttingProxy(port: number) {
  const open = new Set<Socket>();
  let refusals = 0;
  const server = createServer((client) => {
    if (refusals > 0) {
      refusals -= 1;
      client.resetAndDestroy();
      return;
    }
    const target = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.once("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  /** Returns how many connections there were. */
  const cut = () => {
    const connections = open.size / 2;
    for (const socket of open) socket.resetAndDestroy();
    return connections;
  };
  return {
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
