/** One WebSocket, as the wire needs it. */
export interface Socket {
  /** The subprotocol that the server picked; empty for none. Known once it is open. */
  readonly protocol: string;
  /** What was handed to `send` and has not left yet. */
  readonly bufferedAmount: number;
  send(message: Uint8Array<ArrayBuffer>): void;
  sendText(message: string): void;
  close(): void;
}

export interface SocketHandlers {
  opened(): void;
  /** The bytes are owned by the receiver. */
  message(bytes: Uint8Array): void;
  /** Exactly once, also when it never opened. */
  closed(): void;
}

/** Calls no handler before it has returned. */
export type OpenSocket = (url: string, protocols: readonly string[], handlers: SocketHandlers) => Socket;

/** What a browser's WebSocket and that of the package `ws` have in common. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(): void;
}

/** Puts handlers to a WebSocket that is still connecting. Text messages are ignored: a wire carries frames. */
export function attach(socket: WebSocketLike, handlers: SocketHandlers): Socket {
  socket.binaryType = "arraybuffer";
  socket.onopen = () => handlers.opened();
  socket.onmessage = (event: { readonly data: unknown }) => {
    if (event.data instanceof ArrayBuffer) handlers.message(new Uint8Array(event.data));
  };
  // Without a listener `ws` would throw. That it closed is all we need to know, and it always does.
  socket.onerror = () => {};
  let closed = false;
  socket.onclose = () => {
    if (closed) return;
    closed = true;
    handlers.closed();
  };
  return {
    get protocol() {
      return socket.protocol;
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (message) => socket.send(message),
    sendText: (message) => socket.send(message),
    close: () => socket.close(),
  };
}
