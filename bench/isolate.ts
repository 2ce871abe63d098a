import { spawnSync } from "node:child_process";

const MARK = "NETROOT_BENCH_ISOLATED";
const SCRIPT = 'ip link set lo up && exec "$@"';

/**
 * Starts this program again in a network namespace of its own and ends with it. kiwi-overlay's nbd-client wants port 10809 of
 * a host that qemu maps to the loopback interface: so it is a loopback interface that nobody else uses. Where no namespace is
 * to be had the program goes on where it is.
 */
export function isolate(): void {
  if (process.env[MARK] !== undefined) return;
  const namespace = ["--net", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];
  if (spawnSync("unshare", [...namespace, "sh", "-c", SCRIPT, "sh", "true"]).status !== 0) return;
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync("unshare", [...namespace, "sh", "-c", SCRIPT, "sh", ...self], {
    stdio: "inherit",
    env: { ...process.env, [MARK]: "1" },
  });
  process.exit(status ?? 130);
}
