import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { listen } from "../http/listen.ts";
import { refuseUpgrade } from "./upgrade.ts";

it("a client that is refused hears why, and cannot keep its connection", async () => {
  const http = createServer();
  http.on("upgrade", (_, transport) => refuseUpgrade(transport, { status: 401, message: "“No.”" }));
  const port = await listen(http, "127.0.0.1", 0);
  const [served, client] = await Promise.all([
    once(http, "connection").then(([socket]) => socket),
    connect({ port, host: "127.0.0.1", allowHalfOpen: true }),
  ]);
  const closed = once(served, "close");
  client.write("GET /wire HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  let answer = "";
  client.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  await once(client, "end");
  const [head, body] = answer.split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(head).toContain("WWW-Authenticate: Bearer");
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body!)}`);
  expect(body).toBe("“No.”\n");
  // Our end stays open.
  await closed;
  client.destroy();
  http.close();
  await once(http, "close");
});
