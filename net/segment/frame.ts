/**
 * Takes one raw Ethernet frame without FCS.
 *
 * A frame that was handed to a sink is immutable: neither side writes to it again, and the receiver may keep it without a
 * copy. Whoever holds a borrowed view (a NIC's ring) copies once, before the first sink.
 */
export type FrameSink = (frame: Uint8Array) => void;
