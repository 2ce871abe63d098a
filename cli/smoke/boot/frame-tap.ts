import { connect, createServer, type Server, type Socket } from "node:net";
import { FrameStreamReader } from "../../../relay/uplink/frame-stream.ts";

export interface FrameTapOptions {
  /** Where the machine plugs in: the path of a UNIX socket that is made. */
  readonly path: string;
  /** The relay's own socket. */
  readonly relayPath: string;
  /** Each frame; immutable. */
  readonly fromGuest: (frame: Uint8Array) => void;
  readonly toGuest: (frame: Uint8Array) => void;
}

/** Stands between a machine and the relay's socket and reads along. What passes is handed on as it came. */
export class FrameTap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: FrameTapOptions) {
    this.#server = createServer((machine) => {
      const relay = connect({ path: options.relayPath });
      this.#pass(machine, relay, options.fromGuest);
      this.#pass(relay, machine, options.toGuest);
    });
  }

  /** Rejects where the socket cannot be made. */
  static async open(options: FrameTapOptions): Promise<FrameTap> {
    const tap = new FrameTap(options);
    await new Promise<void>((resolve, reject) => {
      tap.#server.once("error", reject);
      tap.#server.listen(options.path, () => resolve());
    });
    return tap;
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }

  #pass(from: Socket, to: Socket, seen: (frame: Uint8Array) => void): void {
    this.#sockets.add(from);
    const reader = new FrameStreamReader(seen, () => {});
    from.on("data", (chunk: Buffer) => {
      // What is no frame is the relay's to refuse.
      reader.push(chunk);
      if (to.write(chunk)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
    // A reset is an end: the close event says all that there is to say.
    from.on("error", () => {});
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
