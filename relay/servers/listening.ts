import { readdir, readFile, readlink } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** A TCP port of the loopback that nobody listens on now. */
export function freeLoopbackPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Whether it is this very process that listens on 127.0.0.1. Asked of the kernel: a connection would be taken by whoever
 * has the port, and would leave an error in the log of a server that it says nothing to.
 */
export async function isListening(pid: number, port: number): Promise<boolean> {
  const inode = socketInode(await readFile("/proc/net/tcp", "utf8"), port);
  if (inode === undefined) return false;
  const folder = `/proc/${pid}/fd`;
  const open = await readdir(folder).catch((): string[] => []);
  const links = await Promise.all(open.map((fd) => readlink(`${folder}/${fd}`).catch(() => "")));
  return links.includes(`socket:[${inode}]`);
}

/** Finds 127.0.0.1:`port` in state LISTEN (0A) in /proc/net/tcp; proc(5) has the columns. */
export function socketInode(table: string, port: number): string | undefined {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of table.split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === address && columns[3] === "0A") return columns[9];
  }
  return undefined;
}
