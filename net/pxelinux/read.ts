import type { PxelinuxConfig } from "./config.ts";
import { splitConfig, splitWord } from "./line.ts";
import { type ConfigText, type IncludedFiles, includeTarget, parsePxelinux } from "./parse.ts";
import { treePath } from "./path.ts";

/**
 * Reads a file of the boot tree.
 * @param path relative to tftpboot/, never outside it
 * @returns its text, or a clause that says why there is none: "the boot tree has no such file"
 */
export type ReadText = (path: string) => Promise<{ readonly text: string } | { readonly why: string }>;

/** More files than any menu has; each is fetched once. */
const MOST_FILES = 200;

/**
 * Reads a config and every file that it includes. Never rejects: a file that cannot be had is in `reports`.
 * @param prefix the folder of the tree that names of files are relative to; "" is its root
 */
export async function readPxelinux(
  main: ConfigText | readonly ConfigText[],
  read: ReadText,
  prefix = "",
): Promise<PxelinuxConfig> {
  const files = [main].flat();
  return parsePxelinux(files, await fetchIncluded(files, read, prefix), prefix);
}

async function fetchIncluded(
  main: readonly ConfigText[],
  read: ReadText,
  prefix: string,
): Promise<IncludedFiles> {
  const files = new Map<string, { text: string } | { why: string }>(
    main.map(({ name, text }) => [name, { text }]),
  );
  let wanted = main.flatMap(({ text }) => includedPaths(text, prefix));
  while (wanted.length > 0) {
    const fresh = [...new Set(wanted)].filter((path) => !files.has(path));
    const room = Math.max(MOST_FILES - files.size, 0);
    for (const path of fresh.slice(room))
      files.set(path, { why: `more than ${MOST_FILES} files are included` });
    const answers = await Promise.all(
      fresh.slice(0, room).map(async (path) => [path, await ask(read, path)] as const),
    );
    for (const [path, answer] of answers) files.set(path, answer);
    wanted = answers.flatMap(([, answer]) => ("text" in answer ? includedPaths(answer.text, prefix) : []));
  }
  return files;
}

async function ask(read: ReadText, path: string): Promise<{ text: string } | { why: string }> {
  try {
    return await read(path);
  } catch (error) {
    return { why: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function includedPaths(text: string, prefix: string): string[] {
  return splitConfig(text, "").flatMap((line) => {
    const target = includeTarget(line);
    const path = target === undefined ? undefined : treePath(splitWord(target).word, prefix);
    return path?.ok ? [path.path] : [];
  });
}
