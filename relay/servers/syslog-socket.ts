import { chmod } from "node:fs/promises";
import { createServer, type Socket } from "node:net";

/** RFC 3164, section 4.1.1: what is more severe has the lower number. */
export const SEVERITY = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;

export interface SyslogMessage {
  readonly severity: number;
  /** Without date and program. */
  readonly text: string;
  /** The process that said it, where it told. */
  readonly pid?: number;
}

export interface SyslogSocket {
  close(): Promise<void>;
}

/** What does not end within this many characters is no message. */
const LONGEST_MESSAGE = 8192;

/**
 * A stand-in for /dev/log at `path`. It is a stream socket, because Node has no UNIX datagrams: glibc's syslog(3) tries
 * both kinds, and ends each message on a stream with a zero byte.
 */
export async function openSyslogSocket(
  path: string,
  onMessage: (message: SyslogMessage) => void,
): Promise<SyslogSocket> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const messages = (rest + chunk).split("\0");
      rest = messages.pop() ?? "";
      if (rest.length > LONGEST_MESSAGE) rest = "";
      for (const message of messages) onMessage(parseSyslog(message));
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  // A server that gave its rights up may still say something.
  await chmod(path, 0o666);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Reads `<30>Nov 23 02:48:11 nbd_server[1327]: Starting to serve`; anything else is a message as it stands. */
export function parseSyslog(line: string): SyslogMessage {
  const match = /^<(\d{1,3})>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?(?:[^\s:[\]]+(?:\[(\d+)\])?: )?(.*)$/s.exec(
    line,
  );
  if (match === null) return { severity: SEVERITY.info, text: line };
  const [, priority, pid, text = ""] = match;
  return {
    severity: Number(priority) & 7,
    text: text.trim(),
    ...(pid !== undefined && { pid: Number(pid) }),
  };
}
