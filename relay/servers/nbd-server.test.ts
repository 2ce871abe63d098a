import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openNbdExport } from "../exports/nbd-export.ts";
import { until } from "../exports/testing/programs.ts";
import { createLogger, silentLogger } from "../log.ts";
import { freeLoopbackPort, isListening } from "./listening.ts";
import { findNbdServer, type NbdServer, type NbdServerState, startNbdServer } from "./nbd-server.ts";

const oldTmpdir = process.env.TMPDIR;
let folder: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "netroot-server-test-"));
  await chmod(folder, 0o755);
  writeFileSync(join(folder, "image"), "0123456789");
  // Servers of other tests have their folders elsewhere.
  process.env.TMPDIR = folder;
});
afterAll(() => {
  if (oldTmpdir === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = oldTmpdir;
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const config = (port: number) =>
  `[generic]\nport = ${port}\nlistenaddr = 127.0.0.1\n[disk]\nexportname = ${folder}/image\nreadonly = true\n`;

async function start(
  logger = silentLogger,
  onState: (state: NbdServerState) => void = () => {},
): Promise<NbdServer> {
  const server = await startNbdServer({ config, logger, onState });
  closers.push(() => server.close());
  return server;
}

async function connect(server: NbdServer) {
  const url = `nbd://127.0.0.1:${server.port}/disk`;
  const disk = await openNbdExport({ url, name: "disk", readOnly: true, openTimeoutMs: 60_000 });
  closers.push(() => disk.close());
  return disk;
}

function pidOf({ state }: NbdServer): number {
  if (state.name !== "running") throw new Error(`nbd-server is ${state.name}`);
  return state.pid;
}

/** Those of its session that are not mere zombies. */
function family(pid: number): string[] {
  return lines(`ps -o stat=,args= -s ${pid} | grep -v ^Z || true`);
}

function lines(command: string): string[] {
  return execFileSync("sh", ["-c", command], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "");
}

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("netroot-nbd-server-"));

describe("the real nbd-server", () => {
  it("serves on a port of the loopback, and its log is passed on and kept", async () => {
    const passed: string[] = [];
    const server = await start(createLogger({ write: (line) => void passed.push(line) }));
    const disk = await connect(server);
    expect(Buffer.from(await disk.read(3, 4)).toString()).toBe("3456");
    const connected = `connect from 127.0.0.1, assigned file is ${folder}/image`;
    // It comes by another way than the bytes.
    await until(() => server.log.includes(connected));
    expect(passed.join("")).toMatch(new RegExp(` info {2}nbd-server \\d+: ${connected}\n`));
    expect(await isListening(pidOf(server), server.port)).toBe(true);
  });

  it("that is killed is started again on the same port, and every change of its state is told", async () => {
    const states: string[] = [];
    const server = await start(silentLogger, ({ name }) => void states.push(name));
    const { port } = server;
    const disk = await connect(server);
    const before = pidOf(server);
    process.kill(before, "SIGKILL");
    await until(() => server.restarts === 1);
    expect(Buffer.from(await disk.read(0, 2)).toString()).toBe("01");
    expect(server.port).toBe(port);
    expect(pidOf(server)).not.toBe(before);
    expect(states).toEqual(["running", "restarting", "running"]);
    expect(family(before)).toEqual([]);
    await server.close();
    expect(states.at(-1)).toBe("stopped");
  });

  it("whose watcher is killed is not left over", async () => {
    const server = await start();
    const before = pidOf(server);
    const [watcher] = lines(`pgrep -f "run-nbd-server.sh ${folder}/${folders()[0]}"`);
    process.kill(Number(watcher), "SIGKILL");
    await until(() => server.restarts === 1);
    expect(family(before)).toEqual([]);
  });

  it("ends with its children that still serve, and leaves no file", async () => {
    const server = await start();
    await connect(server);
    const pid = pidOf(server);
    expect(family(pid)).toHaveLength(2);
    await Promise.all([server.close(), server.close()]);
    expect(family(pid)).toEqual([]);
    expect(await isListening(pid, server.port)).toBe(false);
    expect(folders()).toEqual([]);
  });

  it("ends when the relay is killed, and its files go too", async () => {
    const relay = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", RELAY, config(0)],
      {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [line] = (await once(relay.stdout, "data")) as [Buffer];
    const { pid } = JSON.parse(line.toString()) as { pid: number };
    const [place] = lines(
      `tr '\\0' '\\n' </proc/${pid}/cmdline | sed -n 's,.*/\\(netroot-nbd-server-[^/]*\\)/config,\\1,p'`,
    );
    expect(folders()).toContain(place);
    relay.kill("SIGKILL");
    await until(() => family(pid).length === 0 && !folders().includes(place!));
  });

  it("that does not like its configuration is quoted", async () => {
    const refused = startNbdServer({
      config: (port) => `[generic]\nport = ${port}\n[disk]\n`,
      logger: silentLogger,
    });
    await expect(refused).rejects.toThrow(
      /^nbd-server does not start: Could not parse config file: Could not find required value exportname in group disk/,
    );
    expect(folders()).toEqual([]);
  });

  it("that finds its port taken is given another one", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const taken = (squatter.address() as { port: number }).port;
    const ports: number[] = [];
    const server = await startNbdServer({
      config: (port) => {
        ports.push(port);
        return config(ports.length === 1 ? taken : port);
      },
      logger: silentLogger,
    });
    closers.push(() => server.close());
    closers.push(() => squatter.close());
    expect(ports).toHaveLength(2);
    expect((await connect(server)).sizeBytes).toBe(10);
  });

  it("serves where it cannot be given a log of its own, and that is said", async () => {
    const path = process.env.PATH;
    const passed: string[] = [];
    // As in a container that may make no namespaces.
    writeFileSync(join(folder, "unshare"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    try {
      process.env.PATH = `${folder}:${path}`;
      const server = await start(createLogger({ write: (line) => void passed.push(line) }));
      expect((await connect(server)).sizeBytes).toBe(10);
      expect(server.log).toEqual([]);
      expect(passed.join("")).toContain("nbd-server logs to this machine's syslog, and not here");
    } finally {
      process.env.PATH = path;
      rmSync(join(folder, "unshare"));
    }
  });

  it("is looked for on the PATH", () => {
    const path = process.env.PATH;
    try {
      expect(findNbdServer()).toMatch(/\/nbd-server$/);
      process.env.PATH = folder;
      expect(findNbdServer()).toBeUndefined();
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("whether a process listens", () => {
  it("is known of this process, and not mistaken for another one", async () => {
    const port = await freeLoopbackPort();
    expect(await isListening(process.pid, port)).toBe(false);
    const server = createServer().listen(port, "127.0.0.1");
    closers.push(() => server.close());
    await once(server, "listening");
    expect(await isListening(process.pid, port)).toBe(true);
    expect(await isListening(process.ppid, port)).toBe(false);
  });
});

/** Starts nbd-server, says its pid, and stays. */
const RELAY = `
  import { startNbdServer } from "./relay/servers/nbd-server.ts";
  import { silentLogger as logger } from "./relay/log.ts";
  const config = (port) => process.argv[1].replace("port = 0", "port = " + port);
  const server = await startNbdServer({ config, logger });
  console.log(JSON.stringify({ pid: server.state.pid }));
  setInterval(() => {}, 1000);
`;
