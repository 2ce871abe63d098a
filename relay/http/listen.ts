import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The relay cannot listen where it was told to. The message is a sentence for a person. */
export class ListenError extends Error {
  readonly code: "EADDRINUSE" | "EACCES" | "EADDRNOTAVAIL" | "other";
  constructor(code: ListenError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ListenError";
    this.code = code;
  }
}

/** Listens; resolves with the port, which the kernel chooses when `port` is 0. Rejects with a `ListenError`. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.off("error", failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const options = { cause: error };
  switch (error.code) {
    case "EADDRINUSE":
      return new ListenError(
        error.code,
        `Port ${port} on ${host} is in use. End the program that has it, or choose another port (--port, or [listen] port in netroot.toml).`,
        options,
      );
    case "EACCES":
      return new ListenError(
        error.code,
        `Port ${port} may not be opened: ports below 1024 are for root. Choose another one (--port 8086).`,
        options,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new ListenError(
        "EADDRNOTAVAIL",
        `${host} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of its addresses.`,
        options,
      );
    default:
      return new ListenError(
        "other",
        `The relay cannot listen on ${host}, port ${port}: ${error.message}.`,
        options,
      );
  }
}
