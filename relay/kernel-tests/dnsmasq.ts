import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FrameSink } from "../../net/segment/frame.ts";
import { Namespace } from "../uplink/namespace.ts";
import { openTap, type Tap } from "../uplink/tap.ts";
import { must } from "./boot-server-lab.ts";

/** The real dnsmasq as the boot server 10.86.0.1 in a namespace; we are the client at the other end of its tap. */
export interface Dnsmasq {
  readonly tap: Tap;
  /** Takes each frame that comes from the namespace. */
  onFrame(take: FrameSink): void;
  close(): Promise<void>;
}

const INTERFACE = "eth0";

/** `settings` are lines of dnsmasq.conf; nothing is read from the machine's own. */
export async function startDnsmasq(settings: readonly string[]): Promise<Dnsmasq> {
  const inside = Namespace.create();
  const directory = mkdtempSync(join(tmpdir(), "netroot-dnsmasq-"));
  let tap: Tap | undefined;
  const close = async () => {
    inside.close();
    await tap?.close();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const wire = await openTap({ name: INTERFACE, namespace: inside.name, mtu: 1500 });
    tap = wire;
    await must(inside, "ip", ["address", "add", "10.86.0.1/24", "dev", INTERFACE]);
    const configuration = join(directory, "dnsmasq.conf");
    const own = [
      ...["keep-in-foreground", "user=root", "no-resolv", "no-hosts", "no-ping", "log-facility=-"],
      `interface=${INTERFACE}`,
      `dhcp-leasefile=${join(directory, "leases")}`,
      `pid-file=${join(directory, "pid")}`,
    ];
    writeFileSync(configuration, `${[...own, ...settings].join("\n")}\n`);
    const child = inside.start("dnsmasq", [`--conf-file=${configuration}`]);
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`dnsmasq ended with ${code}: ${said.join("; ")}`)));
      createInterface(child.stderr!).on("line", (line) => {
        said.push(line);
        if (line.includes("DHCP, IP range")) resolve();
      });
    });
    return {
      tap: wire,
      onFrame: (take) => {
        wire.onFrame = take;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
