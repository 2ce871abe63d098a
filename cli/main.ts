import { closest } from "../relay/config/closest.ts";
import { packageVersion } from "../relay/version.ts";
import { EXIT, UsageError } from "./command.ts";

const USAGE = `Usage: netroot COMMAND [ARGUMENTS]

A diskless machine in a browser tab, booted over the network from a real NBD server.

Commands:
  serve [TREE]      serve a boot tree and the page; TREE is ./.netroot unless given
  smoke [TREE]      boot an image from the network and say whether it comes up
  image build       build a KIS image with kiwi-ng and put it into a boot tree
  doctor [TREE]     say what is there and what is missing

Options:
  -h, --help        this text; \`netroot COMMAND --help\` for one command
  -V, --version     the version
`;

type Command = (argv: string[]) => Promise<number>;

/** Loaded when they are used: \`--help\` must not wait for them. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand,
  smoke: async () => (await import("./smoke/command.ts")).smokeCommand,
  image: async () => (await import("./image/command.ts")).imageCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
};

/** Runs one command; resolves with its exit code. Data goes to standard output, talk to standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "-h" || name === "--help" || name === "help") {
    process.stdout.write(USAGE);
    return EXIT.passed;
  }
  if (name === "-V" || name === "--version") {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.passed;
  }
  try {
    if (name === undefined) throw new UsageError("say what to do, for instance `netroot serve`");
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (load !== undefined) return await (await load())(rest);
    const meant = closest(name, Object.keys(COMMANDS));
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
    );
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`netroot: ${error.message}\nSee \`netroot --help\`.\n`);
    return EXIT.usage;
  }
  // A defect of ours: the stack is what somebody needs who mends it.
  process.stderr.write(
    `netroot: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.infrastructure;
}
