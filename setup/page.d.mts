/** Builds the page into dist/page when its sources changed since it was last built. `root` is the project's folder. */
export function ensurePage(root: string): void;
