import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BuiltTree, buildImage, DEFAULT_DESCRIPTION } from "./build.ts";
import { ImageError } from "./errors.ts";
import { importResult } from "./import.ts";
import { progressPrinter } from "./print-progress.ts";

const USAGE = `Usage: netroot image build [TREE] [--description NAME] [--force]
       netroot image import RESULT [TREE] [--append PARAMETERS]

build makes a network root image with kiwi-ng and lays out a boot tree with it: kernel, initrd, the root image as an
export, pxelinux and its configuration, the nbd-server's configuration, BIOS and boot ROMs. TREE is ./.netroot unless
given. The finished image is kept in the user's cache folder: the next tree takes seconds.

import lays out the same tree from the folder RESULT that your own kiwi-ng build of type kis left behind.

  --description NAME   which image of kis/ (${DEFAULT_DESCRIPTION} unless given)
  --force              build it again even if the cache has it
  --append PARAMETERS  kernel parameters of the imported image's boot entry, after root=
  --help               this text

Prints the tree's path. Exit: 0 done, 2 usage, 99 the build failed, 130 interrupted.
`;

const EXIT = { done: 0, usage: 2, failed: 99, interrupted: 130 } as const;

export async function imageCommand(argv: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return usageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  const [verb, ...operands] = positionals;
  if (verb === undefined) return usageError("What to do with the image is missing");
  if (verb !== "build" && verb !== "import") return usageError(`There is no "netroot image ${verb}"`);
  const result = verb === "import" ? operands.shift() : undefined;
  if (verb === "import" && result === undefined)
    return usageError("The folder with kiwi's results is missing");
  const [tree = ".netroot", ...more] = operands;
  if (more.length > 0) return usageError(`One tree is enough: ${more.join(" ")} is too much`);

  const abort = new AbortController();
  const interrupt = () =>
    abort.abort(new ImageError("interrupted", "The build of the image was interrupted."));
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const print = progressPrinter(process.stderr, () => performance.now());
  try {
    const built =
      result === undefined
        ? await buildImage({
            tree,
            force: values.force,
            ...(values.description === undefined ? {} : { description: values.description }),
            onProgress: print.progress,
            onTalk: (line) => print.line(`netroot: ${line}`),
            signal: abort.signal,
          })
        : await importResult({
            result,
            tree,
            ...(values.append === undefined ? {} : { append: values.append }),
          });
    print.end();
    process.stderr.write(summary(built));
    process.stdout.write(`${built.tree}\n`);
    return EXIT.done;
  } catch (error) {
    print.end();
    return report(error, abort.signal.aborted);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      description: { type: "string" },
      append: { type: "string" },
      force: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

function summary(built: BuiltTree): string {
  const origin = {
    kiwi: "built with kiwi-ng",
    cache: "taken from the cache",
    tree: "up to date already",
    import: "imported",
  }[built.origin];
  const megabytes = (path: string) => `${((built.record.files[path]?.sizeBytes ?? 0) / 1e6).toFixed(1)} MB`;
  const kept = built.kept.map(
    (path) => `netroot: ${resolve(built.tree, path)} was changed by hand and is kept\n`,
  );
  return [
    `netroot: ${built.description}: ${origin}: kernel ${megabytes("tftpboot/boot/linux")}, `,
    `initrd ${megabytes("tftpboot/boot/initrd")}, root ${megabytes("exports/kisroot.squashfs")}\n`,
    ...kept,
  ].join("");
}

function report(error: unknown, aborted: boolean): number {
  if (aborted) {
    process.stderr.write("netroot: interrupted; nothing half-built is left behind\n");
    return EXIT.interrupted;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`netroot: ${message}\n`);
  return error instanceof ImageError && error.code === "unknown-description" ? EXIT.usage : EXIT.failed;
}

function usageError(message: string): number {
  process.stderr.write(`netroot: ${message}.\n\n${USAGE}`);
  return EXIT.usage;
}
