/** Counters as the protocols keep them: numbers, in objects within objects. */
export type CountTree = { readonly [name: string]: number | CountTree | undefined };

/** Both added up, leaf by leaf; what only one has is taken as it is. Neither is changed. */
export function addCounts(one: CountTree, other: CountTree): CountTree {
  const sum: Record<string, number | CountTree | undefined> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const before = sum[name];
    if (typeof value === "number") sum[name] = (typeof before === "number" ? before : 0) + value;
    else if (value !== undefined) sum[name] = addCounts(typeof before === "object" ? before : {}, value);
  }
  return sum;
}

/** Every number with the names that lead to it. */
export function leavesOf(tree: CountTree, path: readonly string[] = []): [readonly string[], number][] {
  return Object.entries(tree).flatMap(([name, value]): [readonly string[], number][] => {
    if (value === undefined) return [];
    return typeof value === "number" ? [[[...path, name], value]] : leavesOf(value, [...path, name]);
  });
}

/** The same counters, for who takes any. An interface has no index signature of its own. */
export function asCounts(counters: object): CountTree {
  return counters as CountTree;
}

/** The counters at this place; none where nothing was counted yet. */
export function branchAt(tree: CountTree, name: string): CountTree {
  const branch = tree[name];
  return typeof branch === "object" ? branch : {};
}

/** The number at this place; 0 where nothing was counted yet. */
export function countAt(tree: CountTree, name: string): number {
  const count = tree[name];
  return typeof count === "number" ? count : 0;
}
