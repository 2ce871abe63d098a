import type { IncomingMessage } from "node:http";
import type { Clock } from "../../net/clock.ts";
import { monotonicClock } from "../drive.ts";
import type { Logger } from "../log.ts";
import type { Refusal } from "../wire/upgrade.ts";
import { type Host, isHostAllowed, isLoopback, parseHost } from "./hosts.ts";
import { isOriginAllowed } from "./origins.ts";
import { RefusalLog } from "./refusal-log.ts";
import { isSameToken, makeToken, tokenOf } from "./token.ts";

export interface AccessOptions {
  /** The address that the relay listens on, as it was given. */
  readonly listenHost: string;
  /** Other names of the relay: those of a reverse proxy, of a machine in a local network. */
  readonly hosts?: readonly Host[];
  /** Origins of pages, besides the relay's own, that may open WebSockets: "https://lab.example". */
  readonly origins?: readonly string[];
  /** Where there is none and one is needed, one is made. */
  readonly token?: string | undefined;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Requests that were refused, by the reason. */
export interface AccessCounters {
  host: number;
  origin: number;
  tokenMissing: number;
  tokenWrong: number;
}

type Reason = keyof AccessCounters;

/** Says of a request why it is refused, or nothing. */
export type Admit = (request: IncomingMessage) => Refusal | undefined;

const REFUSALS: Record<Reason, Refusal> = {
  host: {
    status: 421,
    message:
      "This relay does not go by the name in your request. Use the address that it printed, or add the name to [access] hosts in netroot.toml.",
  },
  origin: {
    status: 403,
    message:
      "Pages of this origin may not open WebSockets here. To let them, add the origin to [access] origins in netroot.toml.",
  },
  tokenMissing: {
    status: 401,
    message: "This relay asks for its token: open the link that `netroot serve` printed.",
  },
  tokenWrong: {
    status: 401,
    message: "This is not the token of this relay: open the link that `netroot serve` printed last.",
  },
};

/**
 * Who may use the relay. Three questions, in this order: is the relay meant at all (`Host`), may this page use it (`Origin`), does
 * the client know the token. There are no cookies: a browser would send those for whatever page asks.
 *
 * The token is demanded of everybody where others than this machine can reach the relay: where it listens on another address than
 * the loopback interface's, or is spoken to by another name (behind a reverse proxy). Else, where one is configured, of programs
 * that are no browsers: what browsers may do there is settled by the origin.
 */
export class Access {
  /** `undefined`: nobody needs one. */
  readonly token: string | undefined;
  /** Whether `token` was made for this run. */
  readonly tokenWasMade: boolean;
  readonly counters: AccessCounters = { host: 0, origin: 0, tokenMissing: 0, tokenWrong: 0 };
  readonly #listenHost: string;
  readonly #hosts: readonly Host[];
  readonly #origins: readonly string[];
  readonly #log: RefusalLog;

  constructor(options: AccessOptions) {
    const { listenHost, hosts = [], origins = [], token, logger, clock = monotonicClock } = options;
    this.#listenHost = listenHost;
    this.#hosts = hosts;
    this.#origins = origins;
    this.tokenWasMade = token === undefined && !isLoopback(listenHost);
    this.token = this.tokenWasMade ? makeToken() : token;
    this.#log = new RefusalLog(logger, clock);
  }

  /** For WebSockets: all three questions. */
  readonly admitUpgrade: Admit = (request) =>
    this.#refuse(
      request,
      this.#wrongHost(request) ?? this.#wrongOrigin(request) ?? this.#wrongToken(request),
    );

  /** For what anybody may fetch: whether the relay is meant. Other origins cannot read the answer, nor does asking change anything. */
  readonly admitRequest: Admit = (request) => this.#refuse(request, this.#wrongHost(request));

  /** For what is only for those who may boot here; after `admitRequest`. */
  readonly admitHolder: Admit = (request) => this.#refuse(request, this.#wrongToken(request));

  /** Whether `admitHolder` would let it pass. Refuses nobody, counts nothing. */
  isHolder(request: IncomingMessage): boolean {
    return this.#wrongToken(request) === undefined;
  }

  #wrongHost(request: IncomingMessage): Reason | undefined {
    const host = hostOf(request);
    const { localAddress, localPort } = request.socket;
    const local = { address: localAddress, port: localPort };
    const own = { declared: this.#hosts, listenHost: this.#listenHost };
    return host !== undefined && isHostAllowed(host, local, own) ? undefined : "host";
  }

  #wrongOrigin({ headers }: IncomingMessage): Reason | undefined {
    const { origin, host = "" } = headers;
    return origin === undefined || isOriginAllowed(origin, host, this.#origins) ? undefined : "origin";
  }

  #wrongToken(request: IncomingMessage): Reason | undefined {
    if (this.token === undefined || this.#isLocalBrowser(request)) return undefined;
    const given = tokenOf(request);
    if (given === undefined) return "tokenMissing";
    return isSameToken(given, this.token) ? undefined : "tokenWrong";
  }

  /** Browsers say where a request comes from: `Origin`, and where they leave it out, when a page reads from its own server, `Sec-Fetch-Site`. */
  #isLocalBrowser(request: IncomingMessage): boolean {
    const { origin, "sec-fetch-site": site } = request.headers;
    if (origin === undefined && site === undefined) return false;
    return isLoopback(this.#listenHost) && isLoopback(hostOf(request)?.name ?? "");
  }

  #refuse(request: IncomingMessage, reason: Reason | undefined): Refusal | undefined {
    if (reason === undefined) return undefined;
    this.counters[reason] += 1;
    this.#log.note(reason, `refused ${request.socket.remoteAddress}: ${WORDS[reason](request)}`);
    return REFUSALS[reason];
  }
}

const WORDS: Record<Reason, (request: IncomingMessage) => string> = {
  host: ({ headers }) =>
    `it asked for the host ${cut(headers.host)}, which is not declared in [access] hosts`,
  origin: ({ headers }) => `its page is of ${cut(headers.origin)}, which is not declared in [access] origins`,
  tokenMissing: () => "it gave no token",
  tokenWrong: () => "it gave another token than this relay's",
};

function cut(text = "(none)"): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function hostOf({ headers }: IncomingMessage): Host | undefined {
  return parseHost(headers.host ?? "");
}
