import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../exports/testing/programs.ts";
import { LogRing } from "./log-ring.ts";
import { openSyslogSocket, parseSyslog, SEVERITY, type SyslogMessage } from "./syslog-socket.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-syslog-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a line of syslog", () => {
  it.each<[string, SyslogMessage]>([
    // As nbd-server 3.24 on Debian 12 said them.
    [
      "<30>Nov 23 02:48:11 nbd_server[1327]: Starting to serve",
      { severity: SEVERITY.info, pid: 1327, text: "Starting to serve" },
    ],
    [
      "<31>Nov  3 02:48:11 nbd_server[9]: virtstyle ipliteral",
      { severity: SEVERITY.debug, pid: 9, text: "virtstyle ipliteral" },
    ],
    [
      "<27>Nov 23 02:49:35 nbd_server[3869]: failed to setup servers: failed to bind: Address already in use",
      {
        severity: SEVERITY.error,
        pid: 3869,
        text: "failed to setup servers: failed to bind: Address already in use",
      },
    ],
    ["<12>plain", { severity: SEVERITY.warning, text: "plain" }],
    ["no priority", { severity: SEVERITY.info, text: "no priority" }],
  ])("%s", (line, message) => {
    expect(parseSyslog(line)).toEqual(message);
  });

  it("may be anything", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        const { severity } = parseSyslog(line);
        expect(severity >= 0 && severity <= 7).toBe(true);
      }),
    );
  });
});

describe("the socket", () => {
  it("puts messages together from any pieces, of several senders at once", async () => {
    const heard: SyslogMessage[] = [];
    const path = join(folder, "log");
    const socket = await openSyslogSocket(path, (message) => void heard.push(message));
    const texts = Array.from({ length: 40 }, (_, index) => `Grüße, number ${index}`);
    await Promise.all(
      [1, 2].map(async (pid) => {
        const bytes = Buffer.from(texts.map((text) => `<30>Nov 23 02:48:11 x[${pid}]: ${text}\0`).join(""));
        const sender = connect(path);
        for (let at = 0; at < bytes.length; at += 7) {
          await new Promise((written) => sender.write(bytes.subarray(at, at + 7), written));
        }
        sender.end();
      }),
    );
    await until(() => heard.length === 2 * texts.length);
    for (const pid of [1, 2]) {
      expect(heard.filter((message) => message.pid === pid).map(({ text }) => text)).toEqual(texts);
    }
    await socket.close();
  });

  it("closes under a sender that stays", async () => {
    const socket = await openSyslogSocket(join(folder, "log2"), () => {});
    const sender = connect(join(folder, "log2"));
    const ended = new Promise((resolve) => sender.once("close", resolve));
    await new Promise((resolve) => sender.once("connect", resolve));
    sender.on("error", () => {}).resume();
    await socket.close();
    await ended;
  });
});

describe("the last lines of a log", () => {
  it("are kept, and the others counted", () => {
    const ring = new LogRing(3);
    for (const line of ["a", "b", "c", "d", "e"]) ring.push(line);
    expect(ring.lines).toEqual(["c", "d", "e"]);
    expect(ring.dropped).toBe(2);
  });
});
