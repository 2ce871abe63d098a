// For tests: what boot ROMs ask for.
import { bytes, zeros } from "../../ethernet/fixture.ts";
import { writeU32 } from "../../ethernet/octets.ts";
import type { Ipv4Address } from "../../ipv4/address.ts";
import { type DhcpMessage, parseDhcp } from "../message.ts";
import { type DhcpOptions, dhcpMessageType } from "../options.ts";

/** The card of both: 02:00:00:00:00:64. */
export const CLIENT_HARDWARE = bytes("02 00 00 00 00 64");
const machineIdentifier = bytes("00", "4c4c4544 0044 4a10 8034 b7c04f4a5931");

/** Where the value of their first option is. */
const MESSAGE_TYPE = 242;

/**
 * The DISCOVER that iPXE of Debian 12 (its ROM for ne2k_pci in qemu-system-i386) sends, without its zeros at the end. The
 * identifiers that came as zeros are another test machine's.
 */
const IPXE_DISCOVER = bytes(
  "01 01 06 00", // op: request, htype: Ethernet, hlen, hops
  "96 69 61 0b", // xid
  "00 04 00 00", // secs, flags: no broadcast
  zeros(16), // ciaddr, yiaddr, siaddr, giaddr
  CLIENT_HARDWARE,
  zeros(10 + 64 + 128), // the rest of chaddr, sname, file
  "63 82 53 63",
  "35 01 01", // message type: discover
  "39 02 05 c0", // maximum message size
  "5d 02 00 00", // client architecture: BIOS
  "5e 03 01 02 01", // UNDI 2.1
  "3c 20", // vendor class
  "505845436c69656e743a417263683a30303030303a554e44493a303032303031", // PXEClient:Arch:00000:UNDI:002001
  "4d 04 69 50 58 45", // user class, without a length: iPXE
  "37 17", // parameter request list
  "01 03 06 07 0c 0f 11 1a 2b 3c 42 43 77 80 81 82 83 84 85 86 87 af cb",
  "af 30", // iPXE's options: the card, the version, what it can do
  "b1 05 01 10 ec 80 29 eb 03 01 00 00",
  "17 01 01 22 01 01 13 01 01 11 01 01 27 01 01 19 01 01",
  "29 01 01 10 01 02 21 01 01 15 01 01 18 01 01 12 01 01",
  "3d 07 01",
  CLIENT_HARDWARE, // client identifier
  "61 11",
  machineIdentifier,
  "ff",
);

/** A boot ROM's DISCOVER as PXE 2.1 section 2.2.1 (tables 2-1 and 2-2) has it, in the shape of the widespread ROMs for PCs. */
const ROM_DISCOVER = bytes(
  "01 01 06 00", // op: request, htype: Ethernet, hlen, hops
  "50 00 00 64", // xid
  "00 04 80 00", // secs, flags: broadcast
  zeros(16), // ciaddr, yiaddr, siaddr, giaddr
  CLIENT_HARDWARE,
  zeros(10 + 64 + 128), // the rest of chaddr, sname, file
  "63 82 53 63",
  "35 01 01", // message type: discover
  "37 24", // parameter request list
  "01 02 03 04 05 06 0b 0c 0d 0f 10 11 12 16 17 1c 28 29 2a 2b 32 33 36 3a 3b 3c 42 43 80 81 82 83 84 85 86 87",
  "39 02 04 ec", // maximum message size
  "61 11",
  machineIdentifier,
  "5d 02 00 00", // client architecture: BIOS
  "5e 03 01 02 01", // UNDI 2.1
  "3c 20", // vendor class
  "505845436c69656e743a417263683a30303030303a554e44493a303032303031", // PXEClient:Arch:00000:UNDI:002001
  "ff",
);

export type PxeClient = "rom" | "ipxe";

/** The DISCOVER of a boot ROM, or of iPXE, as it is on the wire. */
export function pxeDiscoverBytes(client: PxeClient): Uint8Array {
  return client === "rom" ? ROM_DISCOVER : IPXE_DISCOVER;
}

/** The REQUEST with which it takes an offer: the same, with two options at its end. */
export function pxeRequestBytes(client: PxeClient, server: Ipv4Address, address: Ipv4Address): Uint8Array {
  const discover = pxeDiscoverBytes(client);
  const request = bytes(discover.subarray(0, -1), "36 04", zeros(4), "32 04", zeros(4), "ff");
  request[MESSAGE_TYPE] = dhcpMessageType.request;
  writeU32(request, discover.length + 1, server);
  writeU32(request, discover.length + 7, address);
  return request;
}

/** The same, read; `options` replace its own. */
export function pxeDiscover(client: PxeClient, options: DhcpOptions = {}): DhcpMessage {
  const message = parseDhcp(pxeDiscoverBytes(client));
  if (message.kind === "malformed") throw new Error("the test's own message is malformed");
  return { ...message, options: { ...message.options, ...options } };
}
