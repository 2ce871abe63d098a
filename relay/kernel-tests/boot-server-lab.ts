import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootServer, type BootServerOptions } from "../../net/boot-server/boot-server.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import { Namespace } from "../uplink/namespace.ts";
import { openTap, type Tap } from "../uplink/tap.ts";

/** The guest's network card: a tap in a namespace of its own. */
export const GUEST_INTERFACE = "eth0";
export const SERVER_MAC = 0x020000000001;

/** Debian's own DHCP clients and tools in a namespace, with the boot server at the other end of the wire. */
export interface BootServerLab {
  readonly inside: Namespace;
  readonly server: BootServer;
  readonly tap: Tap;
  /** A directory that goes away with the lab. */
  readonly directory: string;
  /** Gives the guest an address by hand. */
  configure(address?: string): Promise<void>;
  /** Sees each frame of the guest before the server does; the server never sees it when `take` returns true. */
  intercept(take: (frame: Uint8Array) => boolean): void;
  /** Call when something outside the lab may have changed the server's deadline. */
  wake(): void;
  close(): Promise<void>;
}

export async function bootServerLab(options: Partial<BootServerOptions> = {}): Promise<BootServerLab> {
  const mtu = options.mtu ?? 1500;
  const inside = Namespace.create();
  const directory = mkdtempSync(join(tmpdir(), "netroot-lab-"));
  let tap: Tap | undefined;
  let driver: Drive | undefined;
  const close = async () => {
    driver?.close();
    inside.close();
    await tap?.close();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    tap = await openTap({ name: GUEST_INTERFACE, namespace: inside.name, mtu });
    const wire = tap;
    const server = new BootServer({
      mac: SERVER_MAC,
      address: parseIpv4("10.86.0.1")!,
      prefixLength: 24,
      mtu,
      clock: monotonicClock,
      random: (length) => randomBytes(length),
      transmit: (frame) => {
        wire.send(frame);
      },
      changed: () => drives.wake(),
      ...options,
      dhcp: { domainName: "netroot.test", ...options.dhcp },
    });
    const drives = drive(server, monotonicClock);
    driver = drives;
    let intercepted: (frame: Uint8Array) => boolean = () => false;
    wire.onFrame = (frame) => {
      if (intercepted(frame)) return;
      server.receive(frame);
      drives.wake();
    };
    return {
      inside,
      server,
      tap: wire,
      directory,
      configure: async (address = "10.86.0.100/24") => {
        await must(inside, "ip", ["address", "add", address, "dev", GUEST_INTERFACE]);
        await must(inside, "ip", ["route", "add", "default", "via", "10.86.0.1"]);
      },
      intercept: (take) => {
        intercepted = take;
      },
      wake: () => drives.wake(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a command that is expected to succeed. */
export async function must(inside: Namespace, command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await inside.run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/**
 * A script for a DHCP client to call: it notes each call's environment, and gives the interface the address. A client's own
 * script would write the resolv.conf of the machine that runs the test.
 */
export function clientScript(directory: string): { readonly path: string; calls(): ClientCall[] } {
  const path = join(directory, "client-script");
  const calls = join(directory, "calls");
  writeFileSync(
    path,
    `#!/bin/sh
reason="\${1:-$reason}"
address="\${new_ip_address:-$ip}"
case "$reason" in
  BOUND | REBOOT | bound) ip address add "$address/24" dev ${GUEST_INTERFACE} ;;
  RELEASE | EXPIRE | deconfig) ip address flush dev ${GUEST_INTERFACE} ;;
esac
number=$(ls ${directory} | grep -c '^calls\\.')
{ echo "reason=$reason"; env; } > ${directory}/part && mv ${directory}/part ${calls}.$number
`,
  );
  chmodSync(path, 0o755);
  return {
    path,
    calls: () =>
      readdirSync(directory)
        .filter((name) => name.startsWith("calls."))
        .map((name) => ({ number: Number(name.slice("calls.".length)), name }))
        .sort((a, b) => a.number - b.number)
        .map(({ name }) => parseCall(readFileSync(join(directory, name), "utf8"))),
  };
}

/** Why a client called its script, and what it said, by the client's own names. */
export interface ClientCall {
  readonly reason: string;
  readonly variables: Readonly<Record<string, string>>;
}

function parseCall(text: string): ClientCall {
  const variables = Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return { reason: variables.reason ?? "", variables };
}
