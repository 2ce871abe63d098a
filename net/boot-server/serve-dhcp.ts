import { dhcpPort, parseDhcp } from "../dhcp/message.ts";
import { dhcpMessageType } from "../dhcp/options.ts";
import { fitReply, replyLimit } from "../dhcp/reply-size.ts";
import type { DhcpServer } from "../dhcp/server.ts";
import { BROADCAST_ADDRESS } from "../ipv4/address.ts";
import type { Ipv4Interface } from "../ipv4/interface.ts";
import { everyone, type UdpServices } from "../udp/services.ts";

/** Puts a DHCP server on its port. */
export function serveDhcp(server: DhcpServer, udp: UdpServices, station: Ipv4Interface): void {
  udp.bind(dhcpPort.server, (payload, { mac: sender }) => {
    const request = parseDhcp(payload);
    if (request.kind === "malformed") {
      server.counters.malformed++;
      return;
    }
    const reply = server.answer(request, sender);
    if (reply === undefined) return;
    const { message, address, port, mac } = reply;
    const { bytes, leftOut } = fitReply(message, Math.min(udp.payloadLimit, replyLimit(request)));
    server.counters.leftOut += leftOut;
    if (bytes === undefined) {
      server.counters.oversized++;
      return;
    }
    if (address === BROADCAST_ADDRESS) {
      udp.send(dhcpPort.server, everyone(port), bytes);
      return;
    }
    udp.send(dhcpPort.server, { address, port, ...(mac !== undefined && { mac }) }, bytes);
    if (mac !== undefined && message.options.messageType === dhcpMessageType.ack) station.learn(address, mac);
  });
}
