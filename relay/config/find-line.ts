/** A key or an index a step: ["export", 1, "server"]. */
export type KeyPath = readonly (string | number)[];

/**
 * The line (from 1) on which a key of a TOML text is written, or the table that it should be in. The text must be valid:
 * this reads headers and the beginnings of lines only. `undefined` where neither is written.
 */
export function findLine(text: string, path: KeyPath): number | undefined {
  const wanted = path.map(String);
  const counts = new Map<string, number>();
  let table: string[] = [];
  let best: { line: number; depth: number } | undefined;
  const offer = (at: readonly string[], line: number) => {
    if (at.length > wanted.length || at.some((step, index) => step !== wanted[index])) return;
    if (best === undefined || at.length > best.depth) best = { line, depth: at.length };
  };
  text.split("\n").forEach((content, index) => {
    const list = /^\s*\[\[\s*([^\]]+?)\s*\]\]/.exec(content);
    const header = list ?? /^\s*\[\s*([^\]]+?)\s*\]/.exec(content);
    if (header !== null) {
      const name = header[1]!;
      table = splitKey(name);
      // What is wrong may be the list itself.
      offer(table, index + 1);
      if (list !== null) {
        const count = counts.get(name) ?? 0;
        counts.set(name, count + 1);
        table = [...table, String(count)];
        offer(table, index + 1);
      }
      return;
    }
    const key = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(content);
    if (key !== null) offer([...table, ...splitKey(key[1]!)], index + 1);
  });
  return best?.line;
}

function splitKey(text: string): string[] {
  return (text.match(/[\w-]+|"[^"]*"|'[^']*'/g) ?? []).map((part) => part.replace(/^["'](.*)["']$/, "$1"));
}
