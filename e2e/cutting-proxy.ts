import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Hands everything on, but cuts the connection after so many bytes of one file: a server that dies while it sends. */
export async function cutShort(origin: string, path: string, afterBytes: number) {
  const server = createServer(async (request, response) => {
    const answer = await fetch(new URL(request.url ?? "/", origin));
    const body = new Uint8Array(await answer.arrayBuffer());
    const cut = request.url === path;
    const { "content-encoding": _, ...headers } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, { ...headers, "content-length": String(body.length) });
    if (cut) response.write(body.subarray(0, afterBytes), () => response.destroy());
    else response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
