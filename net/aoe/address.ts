/** Where a target is: a shelf (major) and a slot (minor). Written e0.1, as the Linux driver names its devices. */
export interface AoeAddress {
  readonly shelf: number;
  readonly slot: number;
}

/** In a request: every shelf, every slot (AoEr11 section 2.5). No target has them. */
export const EVERY_SHELF = 0xffff;
export const EVERY_SLOT = 0xff;

/** Reads e0.1: shelf 0 to 65534, slot 0 to 254; `undefined` when it is anything else. */
export function parseAoeAddress(text: string): AoeAddress | undefined {
  const match = /^e(\d{1,5})\.(\d{1,3})$/.exec(text);
  const shelf = Number(match?.[1]);
  const slot = Number(match?.[2]);
  return shelf < EVERY_SHELF && slot < EVERY_SLOT ? { shelf, slot } : undefined;
}

export function formatAoeAddress({ shelf, slot }: AoeAddress): string {
  return `e${shelf}.${slot}`;
}
