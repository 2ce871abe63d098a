import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ExportHub } from "../../net/export/hub.ts";
import type { SessionCounters } from "../../net/nbd/session.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import type { AccessCounters } from "../access/access.ts";
import type { SiteCounters } from "../http/site-server.ts";
import type { LogLimitCounters } from "../log-limit.ts";
import type { LinkCounters } from "../wire/link-counters.ts";
import type { ResumeCounters } from "../wire/wire-server.ts";
import { asCounts, branchAt, type CountTree, countAt, leavesOf } from "./count-tree.ts";

/** Where the numbers are when somebody asks. */
export interface MetricSources {
  readonly hub: ExportHub;
  readonly status: () => Pick<RelayStatus, "exports" | "version">;
  readonly access: Readonly<AccessCounters>;
  readonly site: () => Readonly<SiteCounters>;
  readonly sessions: Readonly<SessionCounters>;
  /** `{server, tcp, guard}`, of all boot networks. */
  readonly networks: () => CountTree;
  readonly log: Readonly<LogLimitCounters>;
  readonly resumes: () => Readonly<ResumeCounters>;
  /** Each way in, by its name: "wire", "socket". */
  readonly links: () => Readonly<
    Record<string, { readonly clients: number; readonly refused: number; readonly counters: LinkCounters }>
  >;
}

/** Seconds: from a block in the server's memory to a server that is away. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120];

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * Everything that the relay counts, for Prometheus (text format 0.0.4). What the protocols count stays theirs: it is read when somebody
 * asks, and costs nothing otherwise.
 */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();

  constructor(sources: MetricSources) {
    this.contentType = this.#registry.contentType;
    this.#clients(sources);
    this.#networks(sources);
    this.#exports(sources);
    this.#process(sources);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #clients({ links, resumes, access, site }: MetricSources): void {
    const each = (samples: (way: string, counters: LinkCounters) => readonly Sample[]) => () =>
      Object.entries(links()).flatMap(([way, { counters }]) => samples(way, counters));
    this.#gauge("netroot_clients", "Clients that are plugged in, those that may come back included.", () =>
      Object.entries(links()).map(([way, { clients }]) => [{ way }, clients]),
    );
    this.#counter("netroot_clients_refused_total", "Clients refused because there were too many.", () =>
      Object.entries(links()).map(([way, { refused }]) => [{ way }, refused]),
    );
    this.#counter(
      "netroot_frames_total",
      "Ethernet frames from (in) and to (out) clients.",
      each((way, { framesIn, framesOut }) => [
        [{ way, direction: "in" }, framesIn],
        [{ way, direction: "out" }, framesOut],
      ]),
    );
    this.#counter(
      "netroot_frame_bytes_total",
      "Octets of these frames.",
      each((way, { bytesIn, bytesOut }) => [
        [{ way, direction: "in" }, bytesIn],
        [{ way, direction: "out" }, bytesOut],
      ]),
    );
    this.#counter(
      "netroot_large_frames_total",
      "Frames out that were longer than the MTU, for clients that cut them.",
      each((way, { largeOut }) => [[{ way }, largeOut]]),
    );
    this.#counter(
      "netroot_link_dropped_total",
      "Frames and messages dropped on the link: malformed, or for a client that does not read.",
      each((way, { malformedIn, droppedOut }) => [
        [{ way, reason: "malformed" }, malformedIn],
        [{ way, reason: "queue-full" }, droppedOut],
      ]),
    );
    this.#counter("netroot_wire_cuts_total", "Clients whose socket was cut, by what became of them.", () =>
      Object.entries(resumes()).map(([outcome, value]) => [{ outcome }, value]),
    );
    this.#counter(
      "netroot_connections_refused_total",
      "Connections closed before a request came, by why.",
      () => Object.entries(site()).map(([reason, value]) => [{ reason }, value]),
    );
    this.#counter("netroot_access_refused_total", "Requests that were refused, by what was wrong.", () =>
      Object.entries(access).map(([reason, value]) => [{ reason }, value]),
    );
  }

  #networks({ networks }: MetricSources): void {
    const tcp = () => branchAt(networks(), "tcp");
    this.#gauge("netroot_tcp_flows", "Guests' TCP connections.", () => [
      [{ state: "open" }, countAt(tcp(), "flowsOpen")],
      [{ state: "time-wait" }, countAt(tcp(), "flowsInTimeWait")],
    ]);
    this.#counter("netroot_tcp_retransmits_total", "TCP segments sent again.", () => [
      [{}, countAt(tcp(), "retransmits")],
    ]);
    this.#counter("netroot_tcp_total", "What the TCP endpoints of all guests have counted.", () => {
      const { dropped: _, flowsOpen: __, flowsInTimeWait: ___, ...counted } = tcp();
      return leavesOf(counted).map(([path, value]) => [{ event: path.join(".") }, value]);
    });
    this.#counter(
      "netroot_dropped_total",
      "Frames and segments of guests that were dropped, by who did and why.",
      () =>
        leavesOf({ guard: branchAt(networks(), "guard"), tcp: branchAt(tcp(), "dropped") }).map(
          ([[by = "", ...reason], value]) => [{ by, reason: reason.join(".") }, value],
        ),
    );
    this.#counter("netroot_boot_server_total", "What each part of the boot servers has counted.", () =>
      leavesOf(branchAt(networks(), "server")).map(([[part = "", ...event], value]) => [
        { part, event: event.join(".") },
        value,
      ]),
    );
  }

  #exports({ hub, status, sessions }: MetricSources): void {
    const counted =
      (samples: (name: string, of: NonNullable<ReturnType<ExportHub["counters"]>>) => readonly Sample[]) =>
      () =>
        hub.names().flatMap((name) => {
          const counters = hub.counters(name);
          return counters === undefined ? [] : samples(name, counters);
        });
    this.#counter(
      "netroot_export_requests_total",
      "Requests that an export has answered. Ahead: reads that no guest waited for.",
      counted((name, { reads, writes, aheadReads, errors }) => [
        [{ export: name, operation: "read" }, reads],
        [{ export: name, operation: "write" }, writes],
        [{ export: name, operation: "ahead" }, aheadReads],
        [{ export: name, operation: "failed" }, errors],
      ]),
    );
    this.#counter(
      "netroot_export_bytes_total",
      "Octets of these requests.",
      counted((name, { readBytes, writtenBytes, aheadBytes }) => [
        [{ export: name, operation: "read" }, readBytes],
        [{ export: name, operation: "write" }, writtenBytes],
        [{ export: name, operation: "ahead" }, aheadBytes],
      ]),
    );
    const latency = new Histogram({
      name: "netroot_export_seconds",
      help: "From a request of a guest to its answer.",
      labelNames: ["export", "operation"],
      buckets: LATENCY_BUCKETS,
      registers: [this.#registry],
    });
    hub.observe(({ name, write, ms }) =>
      latency.observe({ export: name, operation: write ? "write" : "read" }, ms / 1000),
    );
    this.#gauge("netroot_export_ready", "1 while an export answers reads.", () =>
      status().exports.map(({ name, state }) => [{ export: name }, state === "ready" ? 1 : 0]),
    );
    this.#counter(
      "netroot_export_reconnects_total",
      "Times that the connection to an export's server was made again.",
      () => status().exports.map(({ name, reconnects = 0 }) => [{ export: name }, reconnects]),
    );
    this.#gauge("netroot_nbd_sessions", "NBD sessions of guests and tabs that are open.", () => [
      [{}, sessions.openSessions],
    ]);
    this.#counter("netroot_nbd_total", "What the NBD sessions have counted.", () => {
      const { openSessions: _, ...events } = sessions;
      return leavesOf(asCounts(events)).map(([path, value]) => [{ event: path.join(".") }, value]);
    });
  }

  #process({ log, status }: MetricSources): void {
    this.#gauge("netroot_info", "Always 1; the version is its label.", () => [
      [{ version: status().version }, 1],
    ]);
    this.#counter("netroot_log_lines_left_out_total", "Lines about clients that were too many.", () => [
      [{}, log.leftOut],
    ]);
    this.#gauge("process_resident_memory_bytes", "Resident memory.", () => [[{}, process.memoryUsage.rss()]]);
    this.#counter("process_cpu_seconds_total", "Processor time, user and system.", () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    });
  }

  #gauge(name: string, help: string, read: () => readonly Sample[]): void {
    new Gauge({
      name,
      help,
      labelNames: LABELS,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set({ ...labels }, value);
      },
    });
  }

  #counter(name: string, help: string, read: () => readonly Sample[]): void {
    new Counter({
      name,
      help,
      labelNames: LABELS,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc({ ...labels }, value);
      },
    });
  }
}

const LABELS = [
  "way",
  "direction",
  "reason",
  "outcome",
  "state",
  "event",
  "by",
  "part",
  "export",
  "operation",
  "version",
];
