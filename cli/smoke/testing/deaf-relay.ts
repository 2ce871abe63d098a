import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import WebSocket, { WebSocketServer } from "ws";
import { BATCH_SUBPROTOCOL, parseBatch, serializeBatch } from "../../../net/wire/batch.ts";

const MTU = 65_000;

/** A relay's page and wire as they are, but for the frames that `hears` lets not pass. */
export async function startDeafRelay(relayUrl: string, hears: (frame: Uint8Array) => boolean) {
  const server = createServer(async (request, response) => {
    const answer = await fetch(new URL(request.url ?? "/", relayUrl));
    response.writeHead(answer.status, { "content-length": answer.headers.get("content-length") ?? "0" });
    response.end(new Uint8Array(await answer.arrayBuffer()));
  });
  const wires = new WebSocketServer({ server, path: "/wire", handleProtocols: () => BATCH_SUBPROTOCOL });
  wires.on("connection", (client) => {
    const wire = new WebSocket(new URL("wire", relayUrl.replace(/^http/, "ws")), [BATCH_SUBPROTOCOL]);
    const early: Buffer[] = [];
    const forward = (message: Buffer) => {
      const batch = parseBatch(message, MTU);
      const frames = batch.ok ? batch.frames.filter(hears) : [];
      if (frames.length > 0) wire.send(serializeBatch([...frames]));
    };
    client.on("message", (message: Buffer, isBinary) => {
      if (!isBinary) return;
      if (wire.readyState === WebSocket.OPEN) forward(message);
      else early.push(message);
    });
    wire.on("open", () => early.splice(0).forEach(forward));
    wire.on("message", (message: Buffer, isBinary) => client.send(message, { binary: isBinary }));
    client.on("close", () => wire.close());
    wire.on("close", () => client.close());
    wire.on("error", () => client.close());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      for (const client of wires.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
