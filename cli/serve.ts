import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ConfigurationError } from "../relay/config/configuration.ts";
import { BootTreeError } from "../relay/http/boot-tree.ts";
import { ListenError } from "../relay/http/listen.ts";
import { createLogger, LOG_FORMATS, type LogFormat, type Logger } from "../relay/log.ts";
import { type Relay, startRelay } from "../relay/serve.ts";
import { TapError } from "../relay/uplink/tap.ts";
import { DEFAULT_TREE, EXIT, UsageError } from "./command.ts";

const USAGE = `Usage: netroot serve [TREE] [OPTIONS]

Serves a boot tree, the page that boots it, and the wire between the two. TREE is ${DEFAULT_TREE} unless given.

Options:
  --host HOST     listen on this address (127.0.0.1; [listen] host in netroot.toml)
  --port PORT     and on this port; 0 lets the system choose (8086; [listen] port in netroot.toml)
  --socket PATH   a UNIX socket as well, at which qemu's -netdev stream plugs in ([listen] socket in netroot.toml)
  --tftpboot DIR  boot files from here, as they are, instead of TREE/tftpboot ([tree] tftpboot in netroot.toml)
  --nbd-config FILE
                  nbd-server's configuration from here, as it is ([tree] nbd_config in netroot.toml)
  --log FORMAT    text, or json: an object a line
  --verbose       log more
  -h, --help      this text
`;

/** A second Ctrl-C within this time is the same one: the terminal sends it to the whole process group. */
const IMPATIENT_MS = 1000;

export async function serveCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help === true) {
    process.stdout.write(USAGE);
    return EXIT.passed;
  }
  const logger = createLogger({
    level: values.verbose === true ? "debug" : "info",
    format: parseFormat(values.log ?? "text"),
  });
  const stop = waitForSignal(logger);
  let relay: Relay;
  try {
    relay = await startRelay({
      tree: resolve(positionals[0] ?? DEFAULT_TREE),
      listen: {
        ...(values.host !== undefined && { host: values.host }),
        ...(values.port !== undefined && { port: parsePort(values.port) }),
        ...(values.socket !== undefined && { socket: resolve(values.socket) }),
      },
      parts: {
        ...(values.tftpboot !== undefined && { tftpboot: resolve(values.tftpboot) }),
        ...(values["nbd-config"] !== undefined && { nbdConfig: resolve(values["nbd-config"]) }),
      },
      logger,
    });
  } catch (error) {
    stop.forget();
    return refuse(error, logger);
  }
  // The one line of data: what a script, or a person, opens.
  process.stdout.write(`${relay.link}\n`);
  const signal = await stop.signal;
  const { clients, clientsAway } = relay.status();
  const away = clientsAway === 0 ? "" : `, ${clientsAway} of them away`;
  logger.info(`${signal}: saying goodbye to ${clients} ${clients === 1 ? "client" : "clients"}${away}`);
  await relay.close();
  // The handlers stay until the process has ended: the terminal and npm both pass a signal on, and the second may be late.
  logger.info("closed");
  return signal === "SIGINT" ? EXIT.interrupted : EXIT.passed;
}

function parse(argv: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        host: { type: "string" },
        port: { type: "string" },
        socket: { type: "string" },
        tftpboot: { type: "string" },
        "nbd-config": { type: "string" },
        log: { type: "string" },
        verbose: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (parsed.positionals.length > 1) throw new UsageError("serve takes one TREE");
    return parsed;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message, { cause: error });
  }
}

function parseFormat(text: string): LogFormat {
  const format = LOG_FORMATS.find((each) => each === text);
  if (format === undefined)
    throw new UsageError(`--log ${text} is no format: it is ${LOG_FORMATS.join(" or ")}`);
  return format;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port <= 65535) return port;
  throw new UsageError(`--port ${text} is no port: it is a number from 0 to 65535`);
}

/** A tree or a configuration that cannot be served is the caller's mistake; a port that cannot be had is the machine's. */
function refuse(error: unknown, logger: Logger): number {
  if (error instanceof BootTreeError || error instanceof ConfigurationError) {
    logger.error(error.message);
    return EXIT.usage;
  }
  if (error instanceof ListenError || error instanceof TapError) {
    logger.error(error.message);
    return EXIT.infrastructure;
  }
  throw error;
}

type Signal = "SIGINT" | "SIGTERM";

/** Resolves with the first signal. A later one means that closing hangs: then the process ends at once. */
function waitForSignal(logger: Logger): { readonly signal: Promise<Signal>; forget(): void } {
  let first: number | undefined;
  let caught: (signal: Signal) => void;
  const signal = new Promise<Signal>((resolve) => {
    caught = resolve;
  });
  const handler = (name: Signal) => {
    first ??= performance.now();
    if (performance.now() - first > IMPATIENT_MS) {
      logger.warn(`${name} again: ending without goodbye`);
      process.exit(EXIT.interrupted);
    }
    caught(name);
  };
  process.on("SIGINT", handler).on("SIGTERM", handler);
  return { signal, forget: () => void process.off("SIGINT", handler).off("SIGTERM", handler) };
}
