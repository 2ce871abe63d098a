// A TFTP server that only gives: RFC 1350 with RFC 2347, 2348, 2349 and 7440.
import type { Clock, RandomBytes, Timed } from "../clock.ts";
import { readU16 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { UNSPECIFIED_ADDRESS } from "../ipv4/address.ts";
import type { UdpPeer, UdpServices } from "../udp/services.ts";
import type { TftpFile, TftpOpen, TftpRefusal } from "./file.ts";
import {
  parseTftp,
  serializeTftp,
  TFTP_PORT,
  type TftpMessage,
  type TftpRequest,
  tftpErrorCode,
} from "./message.ts";
import { ReadTransfer, type ReadTransferCounters, type TransferEnd } from "./read-transfer.ts";
import { agree, parseMode, type TransferMode } from "./terms.ts";

/** How many files one client may be sent at a time, unless told otherwise. */
export const DEFAULT_TRANSFERS_PER_CLIENT = 16;
/** How many files are sent at a time to all clients together; policy: a request above it is refused. */
const MOST_TRANSFERS = 512;

/** Characters of an error's message, which may hold a name from the request: clients have room for a block of 512 bytes. */
const LONGEST_WORDS = 160;

/** Ports for transfers (RFC 6335 section 6). */
const FIRST_EPHEMERAL_PORT = 49_152;
const EPHEMERAL_PORTS = 16_384;

export interface TftpServerOptions {
  readonly udp: Pick<UdpServices, "bind" | "isBound" | "sendLarge">;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly open: TftpOpen;
  /** How many files one client may be sent at a time; policy: a request above it is refused in words. */
  readonly transfersPerClient?: number;
  /** Called when the deadline may have changed although no packet came and no time: a file was opened or read. */
  readonly changed?: () => void;
}

/** Numbers only ever grow. */
export interface TftpCounters extends ReadTransferCounters {
  /** That asked for a file, whatever became of it. */
  requests: number;
  /** A request that came again before its answer had arrived. */
  repeatedRequests: number;
  completed: number;
  /** The client sent an error. */
  abandoned: number;
  timedOut: number;
  /** The file could not be read to its end. */
  failed: number;
  /** No such file, or not for everyone. */
  refused: number;
  /** Requests to write, or in a mode that is none. */
  refusedOperations: number;
  /** Over the bound on transfers. */
  refusedBusy: number;
  /** Packets of a stranger to a transfer's port: answered with error 5. */
  unknownTransfers: number;
  malformed: number;
}

/** A request whose file is being opened or sent. */
interface Session {
  readonly peer: UdpPeer;
  readonly port: number;
  readonly request: TftpRequest;
  readonly unbind: () => void;
  /** Not while the file is being opened. */
  transfer?: ReadTransfer;
}

/** Serves files at UDP port 69, each from a port of its own. Opens nothing by itself and sets no timers. */
export class TftpServer implements Timed {
  readonly counters: TftpCounters = {
    requests: 0,
    repeatedRequests: 0,
    completed: 0,
    abandoned: 0,
    timedOut: 0,
    failed: 0,
    refused: 0,
    refusedOperations: 0,
    refusedBusy: 0,
    unknownTransfers: 0,
    malformed: 0,
    dataSent: 0,
    bytesSent: 0,
    retransmissions: 0,
    staleAcks: 0,
    unexpected: 0,
  };
  readonly #options: TftpServerOptions;
  readonly #unbind: () => void;
  /** By their own ports. */
  readonly #sessions = new Map<number, Session>();
  #closed = false;

  constructor(options: TftpServerOptions) {
    this.#options = options;
    this.#unbind = options.udp.bind(TFTP_PORT, (payload, peer) => this.#receive(payload, peer));
  }

  /** How many files are being opened or sent. */
  get transfers(): number {
    return this.#sessions.size;
  }

  deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { transfer } of this.#sessions.values()) {
      if (transfer !== undefined) earliest = Math.min(earliest, transfer.deadline());
    }
    return earliest;
  }

  advance(nowMs: number): void {
    for (const { transfer } of [...this.#sessions.values()]) transfer?.advance(nowMs);
  }

  /** Tells every client that it is over, and closes the files. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unbind();
    for (const session of [...this.#sessions.values()]) {
      if (session.transfer === undefined) this.#forget(session);
      else session.transfer.close();
    }
  }

  #receive(payload: Uint8Array, peer: UdpPeer): void {
    const { counters } = this;
    const message = parseTftp(payload);
    if (message.kind === "malformed") {
      counters.malformed++;
      return;
    }
    // A client that has no address cannot be answered, and one that asks everybody is not (RFC 1123 section 4.2.3.5).
    if (message.kind !== "request" || peer.broadcast || peer.address === UNSPECIFIED_ADDRESS) {
      counters.unexpected++;
      return;
    }
    counters.requests++;
    if (this.#isRepeated(message, peer)) counters.repeatedRequests++;
    else this.#begin(message, peer);
  }

  /**
   * Whether the request came before, and its answer has not arrived; it is then given again. A request that comes late, in the
   * middle of a transfer, begins another one beside it, as RFC 1350 section 4 has it: the client tells which of them it wants.
   */
  #isRepeated(request: TftpRequest, { address, port }: UdpPeer): boolean {
    for (const session of this.#sessions.values()) {
      const { peer, transfer } = session;
      if (peer.address !== address || peer.port !== port || !isSameRequest(session.request, request))
        continue;
      if (transfer === undefined || transfer.askedAgain()) return true;
    }
    return false;
  }

  #begin(request: TftpRequest, peer: UdpPeer): void {
    const { counters } = this;
    const mode = parseMode(request.mode);
    const port = this.#freePort();
    const refuse = (code: TftpRefusal["code"], message: string) =>
      this.#send(port, peer, { kind: "error", code, message });
    if (request.operation === "write") {
      counters.refusedOperations++;
      refuse(tftpErrorCode.accessViolation, "This boot server only gives files: it takes none.");
    } else if (mode === undefined) {
      counters.refusedOperations++;
      refuse(
        tftpErrorCode.illegalOperation,
        `There is no mode "${request.mode}": ask for octet or netascii.`,
      );
    } else if (this.#isFull(peer.address)) {
      counters.refusedBusy++;
      refuse(tftpErrorCode.notDefined, "Too many files are being sent: ask again when one is done.");
    } else {
      const unbind = this.#options.udp.bind(port, (payload, from) => this.#receiveAt(session, payload, from));
      const session: Session = { peer, port, request, unbind };
      this.#sessions.set(port, session);
      void this.#options.open(request.path, peer).then((file) => this.#opened(session, mode, file));
    }
  }

  #opened(session: Session, mode: TransferMode, file: TftpFile | TftpRefusal): void {
    const { counters } = this;
    const { clock, changed = () => {} } = this.#options;
    if (this.#closed) {
      if ("close" in file) void file.close();
      return;
    }
    if (!("close" in file)) {
      counters.refused++;
      this.#send(session.port, session.peer, { kind: "error", ...file });
      this.#forget(session);
      return;
    }
    const terms = agree(session.request.options, {
      mode,
      sizeBytes: file.sizeBytes,
    });
    session.transfer = new ReadTransfer({
      file,
      mode,
      terms,
      clock,
      counters,
      changed,
      send: (message) => this.#send(session.port, session.peer, message),
      ended: (end) => {
        this.#count(end);
        this.#forget(session);
        void file.close();
      },
    });
    session.transfer.start();
    changed();
  }

  /** Takes a packet that came to a transfer's own port. */
  #receiveAt(session: Session, payload: Uint8Array, from: UdpPeer): void {
    const { counters } = this;
    const message = parseTftp(payload);
    if (message.kind === "malformed") counters.malformed++;
    else if (from.address !== session.peer.address || from.port !== session.peer.port) {
      counters.unknownTransfers++;
      // RFC 1350 section 4: the stranger is told, the transfer goes on. An error is never answered with an error.
      if (message.kind === "error" || from.broadcast) return;
      this.#send(session.port, from, {
        kind: "error",
        code: tftpErrorCode.unknownTransfer,
        message: "This transfer is another client's.",
      });
    } else if (session.transfer === undefined) counters.unexpected++;
    else session.transfer.receive(message);
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.port);
    session.unbind();
  }

  #count(end: TransferEnd): void {
    switch (end) {
      case "completed":
        this.counters.completed++;
        break;
      case "abandoned":
        this.counters.abandoned++;
        break;
      case "timed-out":
        this.counters.timedOut++;
        break;
      case "failed":
        this.counters.failed++;
        break;
    }
  }

  #isFull(address: Ipv4Address): boolean {
    if (this.#sessions.size >= MOST_TRANSFERS) return true;
    const { transfersPerClient = DEFAULT_TRANSFERS_PER_CLIENT } = this.#options;
    let own = 0;
    for (const { peer } of this.#sessions.values()) if (peer.address === address) own++;
    return own >= transfersPerClient;
  }

  #freePort(): number {
    const start = readU16(this.#options.random(2), 0);
    let tried = 0;
    const port = () => FIRST_EPHEMERAL_PORT + ((start + tried) % EPHEMERAL_PORTS);
    // There are far more ports than transfers.
    while (this.#options.udp.isBound(port())) tried++;
    return port();
  }

  #send(port: number, peer: UdpPeer, message: TftpMessage): void {
    const short =
      message.kind === "error" ? { ...message, message: message.message.slice(0, LONGEST_WORDS) } : message;
    this.#options.udp.sendLarge(port, peer, serializeTftp(short));
  }
}

function isSameRequest(one: TftpRequest, other: TftpRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
