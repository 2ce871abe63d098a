import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

const MARK = "NETROOT_BENCH_ISOLATED";
const NAMESPACES = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** The shell stays: it takes in what loses its parent, and passes on how the program ended. */
const SCRIPT = 'ip link set lo up && "$@"; exit $?';
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts this program again in a network of its own, and resolves with its exit code; with `undefined` where this is that
 * program, or where no such network is to be had and it goes on where it is. kiwi-overlay's nbd-client wants port 10809 of a
 * host that qemu maps to the loopback interface: so it is a loopback interface that nobody else uses. The processes are in a
 * namespace as well, so that none outlives the benchmark, however that ends.
 */
export async function isolate(): Promise<number | undefined> {
  if (process.env[MARK] !== undefined) return undefined;
  const unshare = [
    ...NAMESPACES,
    ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
    "sh",
    "-c",
    SCRIPT,
  ];
  if (spawnSync("unshare", [...unshare, "sh", "true"]).status !== 0) return undefined;
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn("unshare", [...unshare, "sh", ...self], {
    stdio: "inherit",
    env: { ...process.env, [MARK]: "1" },
  });
  for (const signal of SIGNALS) process.once(signal, () => child.kill("SIGKILL"));
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 130;
}
