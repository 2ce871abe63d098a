import { etherType, serializeEthernet } from "../../../net/ethernet/ethernet.ts";
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
  // The last answer says that all before it were read.
  await guest.station.ping(SERVER, encode(formatIpv4(address)));
  await guest.close();
  return frames;
}

const DATAGRAMS: Readonly<Record<number, Uint8Array>> = {
  // A question for "netroot", type A.
  53: Uint8Array.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, ...encode("netroot"), 0, 0, 1, 0, 1),
  // A request to read, with options.
  69: Uint8Array.of(0, 1, ...encode("boot/linux\0octet\0blksize\x001400\0tsize\x000\0windowsize\x004\0")),
  // A port where nothing is.
  9: encode("discard"),
};
