import { createServer, type RequestListener, type Server } from "node:http";

export interface SiteServerOptions {
  /** TCP connections at once, those of clients on the wire included. One more is closed at once. */
  readonly connections: number;
  /** How long a request may take to arrive, in milliseconds: who sends it octet by octet keeps a connection, and says nothing. */
  readonly requestMs: number;
}

export interface SiteServer extends Server {
  readonly counters: Readonly<SiteCounters>;
}

/** Connections that were closed before there was a request to answer. */
export interface SiteCounters {
  tooMany: number;
  /** Something that is no HTTP, or that did not arrive in time. */
  malformed: number;
  late: number;
}

/** Node's HTTP server, which lets nobody take all connections, or keep one without asking for anything. */
export function createSiteServer(
  { connections, requestMs }: SiteServerOptions,
  listener: RequestListener,
): SiteServer {
  const counters: SiteCounters = { tooMany: 0, malformed: 0, late: 0 };
  const server = createServer(
    {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      // A quarter of it late at most.
      connectionsCheckingInterval: Math.max(50, requestMs / 4),
    },
    listener,
  );
  server.maxConnections = connections;
  server.on("drop", () => {
    counters.tooMany += 1;
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (isLate) counters.late += 1;
    else counters.malformed += 1;
    if (!socket.writable) return;
    const status = isLate ? "408 Request Timeout" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return Object.assign(server, { counters });
}
