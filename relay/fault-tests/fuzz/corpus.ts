import { serializeAtaMessage } from "../../../net/aoe/ata-message.ts";
import { serializeConfigMessage } from "../../../net/aoe/config-message.ts";
import { serializeMaskMessage } from "../../../net/aoe/mask-message.ts";
import { AOE_VERSION, aoeCommand, serializeAoeFrame } from "../../../net/aoe/message.ts";
import { serializeReserveMessage } from "../../../net/aoe/reserve-message.ts";
import { etherType, serializeEthernet } from "../../../net/ethernet/ethernet.ts";
import { BROADCAST_MAC, type MacAddress } from "../../../net/ethernet/mac.ts";
import { formatIpv4, parseIpv4 } from "../../../net/ipv4/address.ts";
import { ipProtocol, serializeIpv4Packet } from "../../../net/ipv4/packet.ts";
import { NBD_PORT } from "../../../net/nbd/constants.ts";
import { serializeUdp } from "../../../net/udp/udp.ts";
import { BOOT_SERVER_MAC } from "../../client/boot-network.ts";
import { GuestNbd } from "../../client/guest-nbd.ts";
import { SyntheticGuest } from "../../client/synthetic-guest.ts";

const SERVER = parseIpv4("10.86.0.1")!;
const encode = (text: string) => new TextEncoder().encode(text);

/** What a guest sends in a boot: DHCP, ARP, ping, an NBD session, refused ports, and the UDP services. */
export async function captureCorpus(url: string, mtu: number): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const guest = await SyntheticGuest.connect({ url, mtu });
  const send = guest.link.send;
  guest.link.send = (frame) => {
    frames.push(frame.slice());
    send(frame);
  };
  const { address } = await guest.acquire();
  await guest.station.ping(SERVER, encode("echo"));
  for (const port of [NBD_PORT, 9]) {
    const open = guest.station.connect.bind(guest.station, { address: SERVER, port });
    await GuestNbd.open(open, "kisroot").then(
      async (nbd) => {
        await nbd.read(0, 262_144);
        await nbd.disconnect();
      },
      () => {},
    );
  }
  for (const [port, payload] of Object.entries(DATAGRAMS)) {
    const datagram = { sourcePort: 3000, destinationPort: Number(port), payload };
    guest.link.send(
      serializeEthernet({
        destination: BOOT_SERVER_MAC,
        source: guest.mac,
        type: etherType.ipv4,
        payload: serializeIpv4Packet({
          source: address,
          destination: SERVER,
          protocol: ipProtocol.udp,
          timeToLive: 64,
          typeOfService: 0,
          identification: 7,
          dontFragment: true,
          moreFragments: false,
          fragmentOffset: 0,
          payload: serializeUdp(datagram, address, SERVER),
        }),
      }),
    );
  }
  for (const frame of aoeRequests(guest.mac)) guest.link.send(frame);
  // The last answer says that all before it were read.
  await guest.station.ping(SERVER, encode(formatIpv4(address)));
  await guest.close();
  return frames;
}

/** To every target: each kind of request, and a read of the first sectors. The target of the tree is e0.1. */
function aoeRequests(source: MacAddress): readonly Uint8Array[] {
  const config = { bufferCount: 0, firmwareVersion: 0, sectorsPerCommand: 0, aoeVersion: AOE_VERSION };
  const ata = {
    extended: true,
    device: true,
    asynchronous: false,
    write: false,
    errorFeature: 0,
    sectors: 2,
    lba: 0,
    data: new Uint8Array(),
  };
  const requests: readonly (readonly [command: number, argument: Uint8Array])[] = [
    [aoeCommand.config, serializeConfigMessage({ ...config, command: 0, text: encode("") })],
    [aoeCommand.config, serializeConfigMessage({ ...config, command: 3, text: encode("lab") })],
    [aoeCommand.ata, serializeAtaMessage({ ...ata, commandStatus: ATA_IDENTIFY })],
    [aoeCommand.ata, serializeAtaMessage({ ...ata, commandStatus: ATA_READ_EXTENDED })],
    [
      aoeCommand.ata,
      serializeAtaMessage({
        ...ata,
        write: true,
        commandStatus: ATA_WRITE_EXTENDED,
        data: new Uint8Array(1024),
      }),
    ],
    [aoeCommand.maskList, serializeMaskMessage({ command: 0, error: 0, count: 0, directives: [] })],
    [aoeCommand.reserve, serializeReserveMessage({ command: 0, macs: [source] })],
  ];
  return requests.map(([command, argument], tag) =>
    serializeAoeFrame(
      { destination: BROADCAST_MAC, source },
      { version: AOE_VERSION, response: false, error: undefined, shelf: 0, slot: 1, command, tag },
      [argument],
    ),
  );
}

const ATA_IDENTIFY = 0xec;
const ATA_READ_EXTENDED = 0x24;
const ATA_WRITE_EXTENDED = 0x34;

const DATAGRAMS: Readonly<Record<number, Uint8Array>> = {
  // A question for "netroot", type A.
  53: Uint8Array.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, ...encode("netroot"), 0, 0, 1, 0, 1),
  // A request to read, with options.
  69: Uint8Array.of(0, 1, ...encode("boot/linux\0octet\0blksize\x001400\0tsize\x000\0windowsize\x004\0")),
  // A port where nothing is.
  9: encode("discard"),
};
