import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseCapture } from "../../net/pcapng/read.ts";
import { compareWithTshark } from "./agreement.ts";
import { tshark } from "./tshark.ts";

/** The beginnings of real boots of the image, as the machine's own capture recorded them; and fields that must be compared. */
const CAPTURES = {
  "nbd-boot": {
    protocols: ["ethernet", "arp", "icmp", "dhcp", "dns", "tcp", "nbd"],
    fields: [
      "dhcp.option.dhcp",
      "arp.opcode",
      "tcp.seq",
      "tcp.ack",
      "tcp.window_size",
      "tcp.segment_data",
      "tcp.options.timestamp.tsval",
      "nbd.type",
      "nbd.handle",
      "nbd.from",
      "nbd.len",
      "nbd.response_to",
      "nbd.time",
      "icmp.seq",
      "dns.qry.name",
    ],
  },
  "aoe-boot": {
    protocols: ["ethernet", "arp", "dhcp", "aoe"],
    fields: [
      "dhcp.ip.your",
      "aoe.tag",
      "aoe.lba",
      "aoe.sector_count",
      "aoe.ata.cmd",
      "aoe.ata.status",
      "aoe.response_to",
    ],
  },
  "pxe-boot": {
    protocols: ["ethernet", "arp", "dhcp", "tftp"],
    fields: [
      "dhcp.option.vendor_class_id",
      "dhcp.option.client_system_architecture",
      "tftp.source_file",
      "tftp.block",
      "tftp.option.value",
      "data.data",
    ],
  },
};

for (const [name, expected] of Object.entries(CAPTURES)) {
  test(`tshark reads the same in a capture of a boot: ${name}`, async () => {
    const file = fileURLToPath(new URL(`captures/${name}.pcapng`, import.meta.url));
    const packets = parseCapture(await readFile(file));
    expect(packets).toBeDefined();
    const { unexplained, agreed, protocols } = await compareWithTshark(file, packets!);
    expect(unexplained).toEqual([]);
    expect(expected.fields.filter((field) => !agreed.has(field))).toEqual([]);
    expect([...protocols.keys()].sort()).toEqual([...expected.protocols].sort());
    expect(await tshark("-r", file, "-Y", "_ws.malformed")).toBe("");
  });
}
