import { type MacAddress, readMac } from "../../net/ethernet/mac.ts";
import type { RelayStatus } from "../../net/status/status.ts";

/** Alone on its segment the machine is always the same one, so that what hangs on its address (a checkpoint) is found again. */
const ALONE: MacAddress = 0x02_6e_72_01_00_00;
/** IEEE 802, clause 8.2: locally administered, and no group's. */
const LOCAL = 0x02;

/** Draws a card's address by lot, for a segment on which others may be. */
export function drawCardAddress(): MacAddress {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  bytes[0] = LOCAL;
  return readMac(bytes, 0);
}

/** @param drawn by lot */
export function cardAddress(mode: RelayStatus["network"]["mode"], drawn: MacAddress): MacAddress {
  return mode === "isolated" ? ALONE : drawn;
}
