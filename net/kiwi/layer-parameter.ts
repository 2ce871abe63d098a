/** What kiwi-overlay is told to have the system's writes on the machine's first disk. */
export const LAYER_ON_DISK = "rd.root.overlay.write=/dev/sda";

/** The export that a command line roots the system in: `root=overlay:nbd=10.86.0.1:kisroot`. */
export function rootExport(append: string): string | undefined {
  return /(?:^|\s)root=\S*nbd=[^\s:]*:(\S+)/.exec(append)?.[1];
}

/** Whether the command line has the system's writes go to the first disk. */
export function layersOnDisk(append: string): boolean {
  const words = append.split(/\s+/);
  return (
    words.some((word) => /^rd\.root\.overlay\.write=\/dev\/sda\d*$/.test(word)) && !words.some(forcesMemory)
  );
}

function forcesMemory(word: string): boolean {
  return (
    word === "rd.root.overlay.readonly" || /^rd\.root\.overlay\.(readonly|temporary)=(1|yes)$/.test(word)
  );
}

/** The command line with the system's writes on the first disk, or in memory. Another device that it names stays as it is. */
export function withLayer(append: string, onDisk: boolean): string {
  const words = append.split(/\s+/).filter((word) => word !== "" && word !== LAYER_ON_DISK);
  return (onDisk ? [...words, LAYER_ON_DISK] : words).join(" ");
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** How large the layer in memory may get, in MiB, where the command line says so (`rd.root.overlay.size=40m`) and not in per cent. */
export function memoryLayerMiB(append: string): number | undefined {
  const [, number = "", unit = ""] =
    /(?:^|\s)rd\.root\.overlay\.size=(\d+)([kmg]?)(?=\s|$)/i.exec(append) ?? [];
  return number === "" ? undefined : Math.ceil((Number(number) * UNITS[unit.toLowerCase()]!) / 1024 ** 2);
}
