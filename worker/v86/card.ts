import { type MacAddress, writeMac } from "../../net/ethernet/mac.ts";
import type { Card } from "../nic.ts";
import type { Internals, Ne2k, VirtQueue } from "./internals.ts";

/** VIRTIO 1.0, section 2.1: the driver is set up and ready to drive the device. */
const VIRTIO_STATUS_DRIVER_OK = 4;
const NE2K_STOPPED = 1;
/** A frame in the ring is preceded by a header of four bytes; a frame is padded to Ethernet's least size. */
const NE2K_HEADER_BYTES = 4;
const NE2K_LEAST_FRAME_BYTES = 60;

export interface PcCard extends Card {
  /** Whether frames lie in the guest's ring that it has not taken out yet. */
  hasUnread(): boolean;
}

/** The emulated card, as the NIC sees it. */
export function cardOf(internals: Internals): PcCard {
  const { virtio_net: virtioNet, net: ne2k } = internals.v86.cpu.devices;
  const deliver = (frame: Uint8Array) => internals.bus.send("net0-receive", frame);
  if (virtioNet) {
    const { virtio } = virtioNet;
    return {
      // A frame delivered earlier makes v86 take physical address 0 for a ring, and wedges the card or the emulator.
      ready: () => isQueueReady(virtio.queues[0]!) && (virtio.device_status & VIRTIO_STATUS_DRIVER_OK) !== 0,
      hasRoomFor: () => virtio.queues[0]!.count_requests() > 0,
      // How far its driver has read is nowhere to be seen.
      hasUnread: () => false,
      deliver,
    };
  }
  if (ne2k) {
    return {
      ready: () => (ne2k.cr & NE2K_STOPPED) === 0,
      hasRoomFor: (lengthBytes) => hasNe2kRoom(ne2k, lengthBytes),
      // The driver leaves the boundary at the last page that it has read.
      hasUnread: () => usedPages(ne2k) > 1,
      deliver,
    };
  }
  throw new TypeError("the emulated PC has no network card");
}

/** Gives the card another address than the one that v86 drew by lot. Before the guest runs: its driver reads it once. */
export function setCardAddress(internals: Internals, mac: MacAddress): void {
  const { virtio_net: virtioNet, net: ne2k } = internals.v86.cpu.devices;
  if (virtioNet) writeMac(virtioNet.mac, 0, mac);
  if (!ne2k) return;
  writeMac(ne2k.mac, 0, mac);
  // The card's PROM, of which each byte is there twice.
  for (const [index, byte] of ne2k.mac.entries()) ne2k.memory.fill(byte, 2 * index, 2 * index + 2);
}

function isQueueReady(queue: VirtQueue): boolean {
  return queue.enabled && queue.desc_addr !== 0 && queue.avail_addr !== 0 && queue.used_addr !== 0;
}

/** v86 would fill the ring to the last page, and a full ring looks like an empty one: a page stays free. */
function hasNe2kRoom(card: Ne2k, lengthBytes: number): boolean {
  const pages = 1 + ((Math.max(NE2K_LEAST_FRAME_BYTES, lengthBytes) + NE2K_HEADER_BYTES) >> 8);
  return card.pstop - card.pstart - usedPages(card) > pages;
}

function usedPages({ curpg, boundary, pstart, pstop }: Ne2k): number {
  return (curpg - boundary + (pstop - pstart)) % (pstop - pstart);
}
