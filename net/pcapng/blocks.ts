// The pcapng capture file format: draft-ietf-opsawg-pcapng, sections 3 and 4. Written and read in little-endian byte order.

/** Section 3.6: each block is its type, its length, its body, and its length again. */
export const BLOCK_FRAME_BYTES = 12;

export const blockType = {
  /** Section 4.1, the section header. The same in both byte orders. */
  section: 0x0a0d0d0a,
  /** Section 4.2. */
  interface: 1,
  /** Section 4.3. */
  packet: 6,
} as const;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** LINKTYPE_ETHERNET: frames without FCS. */
export const LINK_TYPE_ETHERNET = 1;

export const blockOption = {
  end: 0,
  comment: 1,
  /** Of a section: the application that wrote it. */
  application: 4,
  /** Of an interface. */
  name: 2,
  description: 3,
  /** Of an interface: the power of ten that a unit of time is. */
  timeResolution: 9,
  /** Of a packet: bits 0 and 1 say the direction. */
  flags: 2,
} as const;

/** Bits of a packet's flags. */
export const direction = { unknown: 0, inbound: 1, outbound: 2 } as const;

/** Of the interface's card: what it received, what it sent. */
export type CaptureDirection = "in" | "out";

/** What is written of time: microseconds. */
export const TIME_RESOLUTION = 6;
