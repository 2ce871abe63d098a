// Domain names on the wire, RFC 1035 sections 3.1 and 4.1.4.

const POINTER = 0xc0;
const LONGEST_LABEL_BYTES = 63;
const LONGEST_NAME_BYTES = 255;
/** A name has at most 127 labels, so no honest one has more pointers: they bound the work, as 255 bytes do. */
const MOST_POINTERS = 127;

/** A name and where reading goes on after it. */
export interface NameAt {
  /** Labels joined by dots, as they were written; the root is "". What is no plain character stands as \DDD (section 5.1). */
  readonly name: string;
  readonly next: number;
}

/**
 * Reads a name that may end in a compression pointer. Each pointer must lead further back than everything read before, so
 * that no chain of them can loop; `undefined` for anything else that is not a name.
 */
export function readName(message: Uint8Array, start: number): NameAt | undefined {
  const labels: string[] = [];
  let at = start;
  let lowest = start;
  let next: number | undefined;
  let nameBytes = 1;
  let pointers = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { name: labels.join("."), next: next ?? at + 1 };
    if ((length & POINTER) === POINTER) {
      const low = message[at + 1];
      if (low === undefined) return undefined;
      next ??= at + 2;
      const target = ((length & ~POINTER) << 8) | low;
      if (target >= lowest || ++pointers > MOST_POINTERS) return undefined;
      lowest = target;
      at = target;
    } else {
      // The two other prefixes were never given a lasting meaning (RFC 6891 section 5).
      if (length > LONGEST_LABEL_BYTES || at + 1 + length > message.length) return undefined;
      nameBytes += 1 + length;
      if (nameBytes > LONGEST_NAME_BYTES) return undefined;
      labels.push(labelText(message.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
  }
}

/** The labels of a name as octets. Throws a RangeError for what is none: names to be written are our own. */
export function nameLabels(name: string): readonly Uint8Array[] {
  if (name === "") return [];
  const labels = splitLabels(name);
  let nameBytes = 1;
  for (const label of labels) {
    nameBytes += 1 + label.length;
    if (label.length === 0 || label.length > LONGEST_LABEL_BYTES || nameBytes > LONGEST_NAME_BYTES) {
      throw new RangeError(`"${name}" is no domain name.`);
    }
  }
  return labels;
}

/** Names compare without regard to the case of ASCII letters (RFC 4343). */
export function canonicalName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, "");
}

function labelText(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;
    text += plain ? String.fromCharCode(octet) : `\\${octet.toString().padStart(3, "0")}`;
  }
  return text;
}

function splitLabels(name: string): Uint8Array[] {
  return name.split(".").map((label) => {
    const octets: number[] = [];
    for (const [, code, character] of label.matchAll(/\\(\d{3})|([\s\S])/g)) {
      octets.push(code === undefined ? character!.charCodeAt(0) : Number(code));
    }
    return Uint8Array.from(octets);
  });
}
