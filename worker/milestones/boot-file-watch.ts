import { type Ipv4Packet, ipProtocol, isFragment } from "../../net/ipv4/packet.ts";
import { inspectKernel, KERNEL_HEADER_BYTES } from "../../net/linux/bzimage.ts";
import { decodeUtf8 } from "../../net/nbd/text.ts";
import { parseSegment } from "../../net/tcp/wire.ts";
import { parseTftp, TFTP_PORT } from "../../net/tftp/message.ts";
import { parseUdp } from "../../net/udp/udp.ts";
import type { Problem } from "../interface.ts";
import { kernelProblem } from "../problems.ts";
import { bootFileRefused, firstBootFileRefused, menuMissing } from "./boot-problems.ts";

const HTTP_PORT = 80;
/** Files that are asked for and not yet answered; policy: the oldest is forgotten. */
const MOST_ASKED = 64;

/** Names of files that boot programs try one after the other, knowing that most of them are not there. */
const TRIED = /(^|\/)pxelinux\.cfg\/|\.(c32|cbt|com|bss|bs|bin)$/;
const LAST_MENU = /(^|\/)pxelinux\.cfg\/default$/;

/**
 * Follows what a machine's firmware fetches by TFTP and HTTP, and tells of the files that it is refused, in the server's words. What is
 * malformed says nothing.
 */
export class BootFileWatch {
  readonly #problem: (problem: Problem) => void;
  readonly #is32Bit: boolean;
  /** Paths by protocol and the guest's port. */
  readonly #asked = new Map<string, string>();
  /** The beginnings of files that come by HTTP, by the guest's port; in segments that follow one another, as they do on this wire. */
  readonly #beginnings = new Map<number, { readonly path: string; readonly bytes: number[] }>();
  #first: string | undefined;

  /** @param is32Bit the processor cannot run a 64-bit kernel */
  constructor(problem: (problem: Problem) => void, is32Bit: boolean) {
    this.#problem = problem;
    this.#is32Bit = is32Bit;
  }

  fromGuest(packet: Ipv4Packet): void {
    if (isFragment(packet)) return;
    if (packet.protocol === ipProtocol.udp) {
      const datagram = parseUdp(packet.payload, packet.source, packet.destination);
      if (datagram.kind !== "udp" || datagram.destinationPort !== TFTP_PORT) return;
      const message = parseTftp(datagram.payload);
      if (message.kind === "request" && message.operation === "read")
        this.#ask(`tftp ${datagram.sourcePort}`, message.path);
    } else if (packet.protocol === ipProtocol.tcp) {
      const segment = parseSegment(packet.payload, packet.source, packet.destination);
      if (segment.kind !== "tcp" || segment.destinationPort !== HTTP_PORT) return;
      const path = /^GET (\S+) HTTP\/1\./.exec(decodeUtf8(segment.payload.subarray(0, 2048)))?.[1];
      if (path !== undefined) this.#ask(`http ${segment.sourcePort}`, decodePath(path));
    }
  }

  toGuest(packet: Ipv4Packet): void {
    if (isFragment(packet) || this.#asked.size + this.#beginnings.size === 0) return;
    if (packet.protocol === ipProtocol.udp) this.#tftp(packet);
    else if (packet.protocol === ipProtocol.tcp) this.#http(packet);
  }

  #tftp(packet: Ipv4Packet): void {
    const datagram = parseUdp(packet.payload, packet.source, packet.destination);
    if (datagram.kind !== "udp") return;
    const key = `tftp ${datagram.destinationPort}`;
    const path = this.#asked.get(key);
    if (path === undefined) return;
    const message = parseTftp(datagram.payload);
    if (message.kind === "error") this.#refused(path, message.message);
    else if (message.kind === "data" && message.block === 1) this.#begins(path, message.bytes);
    else return;
    this.#asked.delete(key);
  }

  #http(packet: Ipv4Packet): void {
    const segment = parseSegment(packet.payload, packet.source, packet.destination);
    if (segment.kind !== "tcp" || segment.sourcePort !== HTTP_PORT || segment.payload.length === 0) return;
    const key = `http ${segment.destinationPort}`;
    const path = this.#asked.get(key);
    if (path === undefined) {
      this.#goesOn(segment.destinationPort, segment.payload);
      return;
    }
    const text = latin1(segment.payload.subarray(0, 4096));
    const status = /^HTTP\/1\.\d (\d{3})/.exec(text)?.[1];
    // The end of an answer before.
    if (status === undefined) return;
    this.#asked.delete(key);
    const end = text.indexOf("\r\n\r\n");
    const bodyAt = end < 0 ? segment.payload.length : end + 4;
    if (status.startsWith("2")) {
      if (this.#beginnings.size >= MOST_ASKED) this.#beginnings.clear();
      this.#beginnings.set(segment.destinationPort, { path, bytes: [] });
      this.#goesOn(segment.destinationPort, segment.payload.subarray(bodyAt));
    } else this.#refused(path, decodeUtf8(segment.payload.subarray(bodyAt)).trim() || `status ${status}`);
  }

  #goesOn(port: number, payload: Uint8Array): void {
    const beginning = this.#beginnings.get(port);
    if (beginning === undefined) return;
    const { path, bytes } = beginning;
    bytes.push(...payload.subarray(0, KERNEL_HEADER_BYTES - bytes.length));
    if (bytes.length < KERNEL_HEADER_BYTES) return;
    this.#beginnings.delete(port);
    this.#begins(path, Uint8Array.from(bytes));
  }

  #ask(key: string, path: string): void {
    this.#first ??= path;
    if (key.startsWith("http ")) this.#beginnings.delete(Number(key.slice(5)));
    this.#asked.delete(key);
    this.#asked.set(key, path);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MOST_ASKED) break;
      this.#asked.delete(oldest);
    }
  }

  #refused(path: string, words: string): void {
    if (path === this.#first) this.#problem(firstBootFileRefused(path, words));
    else if (LAST_MENU.test(path)) this.#problem(menuMissing());
    else if (!TRIED.test(path)) this.#problem(bootFileRefused(path, words));
  }

  /** The first bytes of a file. */
  #begins(path: string, bytes: Uint8Array): void {
    if (!this.#is32Bit || bytes.length < KERNEL_HEADER_BYTES) return;
    const image = inspectKernel(bytes);
    if (!image.ok && image.reason === "64-bit") this.#problem(kernelProblem(path, bytes.length, image));
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
