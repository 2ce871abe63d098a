import { dhcpMessageType, dhcpOption } from "../../dhcp/options.ts";
import { hexFromOctets } from "../../ethernet/octets.ts";
import type { FieldName } from "../catalogue/catalogue.ts";
import { named, type Section } from "../section.ts";

const PAD = 0;
const END = 255;
const OVERLOAD = 52;
const ROOT_PATH = 17;

/** How the value of an option is read, its bytes from `at` on. */
type Read = (section: Section, at: number, length: number) => void;

interface KnownOption {
  readonly words: string;
  readonly read: Read;
}

const seconds = (value: number) => `${value} s`;
const messageType = named(dhcpMessageType);
/** RFC 4578 section 2.1, and the registry of processor architectures behind it. */
const architecture = named({ "BIOS on x86": 0, "EFI on x86": 6, "EFI on x86-64": 7, "EFI byte code": 9 });

const u8 =
  (field: FieldName, say?: (value: number) => string): Read =>
  (section, at) =>
    void section.u8(field, at, say);
const u16 =
  (field: FieldName): Read =>
  (section, at) =>
    void section.u16(field, at);
const u32 =
  (field: FieldName): Read =>
  (section, at) =>
    void section.u32(field, at, seconds);
const text =
  (field: FieldName): Read =>
  (section, at, length) => {
    const bytes = section.bytes.subarray(at, at + length);
    const zero = bytes.indexOf(0);
    section.text(field, at, zero < 0 ? length : zero);
  };
/** One field for each of as many as there are. */
const each =
  (size: number, read: Read): Read =>
  (section, at, length) => {
    for (let next = at; next + size <= at + length; next += size) read(section, next, size);
  };
const addresses = (field: FieldName): Read => each(4, (section, at) => section.ipv4(field, at));

/** By the names of `dhcpOption`, so that none is forgotten. */
const options: { readonly [Name in keyof typeof dhcpOption]: KnownOption } = {
  messageType: { words: "DHCP message type", read: u8("dhcp.option.dhcp", messageType) },
  serverIdentifier: { words: "Server identifier", read: addresses("dhcp.option.dhcp_server_id") },
  leaseSeconds: { words: "Lease time", read: u32("dhcp.option.ip_address_lease_time") },
  renewalSeconds: { words: "Renewal time", read: u32("dhcp.option.renewal_time_value") },
  rebindingSeconds: { words: "Rebinding time", read: u32("dhcp.option.rebinding_time_value") },
  subnetMask: { words: "Subnet mask", read: addresses("dhcp.option.subnet_mask") },
  routers: { words: "Routers", read: addresses("dhcp.option.router") },
  domainNameServers: { words: "Name servers", read: addresses("dhcp.option.domain_name_server") },
  hostName: { words: "Host name", read: text("dhcp.option.hostname") },
  domainName: { words: "Domain name", read: text("dhcp.option.domain_name") },
  interfaceMtu: { words: "MTU", read: u16("dhcp.option.interface_mtu") },
  broadcastAddress: { words: "Broadcast address", read: addresses("dhcp.option.broadcast_address") },
  vendorOptions: { words: "Vendor's options", read: () => {} },
  requestedAddress: { words: "Requested address", read: addresses("dhcp.option.requested_ip_address") },
  parameterRequestList: {
    words: "What the client would like to hear about",
    read: each(
      1,
      u8("dhcp.option.request_list_item", (code) => `${wordsOf(code)} (${code})`),
    ),
  },
  message: { words: "Message", read: text("dhcp.option.message") },
  maximumMessageBytes: { words: "Largest message", read: u16("dhcp.option.dhcp_max_message_size") },
  vendorClass: { words: "Vendor class", read: text("dhcp.option.vendor_class_id") },
  clientIdentifier: { words: "Client identifier", read: clientIdentifier },
  tftpServerName: { words: "TFTP server's name", read: text("dhcp.option.tftp_server_name") },
  bootFileName: { words: "Boot file's name", read: text("dhcp.option.bootfile_name") },
  userClasses: { words: "User classes", read: userClasses },
  clientArchitectures: {
    words: "Client's architectures",
    read: each(
      2,
      (section, at) => void section.u16("dhcp.option.client_system_architecture", at, architecture),
    ),
  },
  clientInterface: { words: "Client's network interface", read: () => {} },
  clientMachineIdentifier: { words: "Client's machine", read: machineIdentifier },
  tftpServers: { words: "TFTP servers", read: addresses("dhcp.option.tftp_server_address") },
  ipxeOptions: { words: "iPXE's options", read: () => {} },
  pxelinuxConfigFile: { words: "PXELINUX configuration file", read: text("dhcp.option.pxe_config_file") },
  pxelinuxPathPrefix: { words: "PXELINUX path prefix", read: text("dhcp.option.pxe_path_prefix") },
};

const byCode = new Map<number, KnownOption>([
  ...(Object.keys(options) as (keyof typeof dhcpOption)[]).map(
    (name) => [dhcpOption[name].code as number, options[name]] as const,
  ),
  [OVERLOAD, { words: "Options in the fields of names", read: u8("dhcp.option.option_overload") }],
  [ROOT_PATH, { words: "Root path", read: text("dhcp.option.root_path") }],
]);

/** Names of options that are asked for and not read (RFC 2132, RFC 3397, RFC 3442). */
const OTHER_WORDS = new Map([
  [2, "Time offset"],
  [7, "Log servers"],
  [13, "Boot file size"],
  [18, "Extensions path"],
  [33, "Static routes"],
  [40, "NIS domain"],
  [41, "NIS servers"],
  [42, "NTP servers"],
  [119, "Domain search list"],
  [121, "Classless routes"],
  [128, "Vendor's own"],
]);

function wordsOf(code: number): string {
  return byCode.get(code)?.words ?? OTHER_WORDS.get(code) ?? "Option";
}

/** Adds the options of a field of the message, from `from` up to, without, `end`. */
export function addDhcpOptions(section: Section, from: number, end: number): void {
  let at = from;
  while (at < end) {
    const code = section.bytes[at]!;
    if (code === PAD) {
      at = addPadding(section, at, end);
    } else if (code === END) {
      section.group("dhcp.option.type", at, 1, { value: END, text: "End (255)" }, (inner) =>
        inner.u8("dhcp.option.end", at),
      );
      addPadding(section, at + 1, end);
      return;
    } else {
      const length = section.bytes[at + 1];
      if (length === undefined || at + 2 + length > end) {
        section.malformed("an option goes beyond the end", at);
        return;
      }
      addOption(section, code, at, length);
      at += 2 + length;
    }
  }
}

function addOption(section: Section, code: number, at: number, length: number): void {
  const text = `${wordsOf(code)} (${code})`;
  section.group("dhcp.option.type", at, 2 + length, { value: code, text }, (inner) => {
    inner.u8("dhcp.option.length", at + 1);
    inner.octets("dhcp.option.value", at + 2, length);
    byCode.get(code)?.read(inner, at + 2, length);
  });
}

/** Returns where it ends. */
function addPadding(section: Section, from: number, end: number): number {
  let at = from;
  while (at < end && section.bytes[at] === PAD) at += 1;
  section.octets("dhcp.option.padding", from, at - from);
  return at;
}

/** RFC 2132 section 9.14: a type of hardware and an address of that type, or anything. */
function clientIdentifier(section: Section, at: number, length: number): void {
  if (length !== 7 || section.bytes[at] !== 1) {
    section.octets("dhcp.client_id", at, length);
    return;
  }
  section.u8("dhcp.hw.type", at, named({ Ethernet: 1 }));
  section.mac("dhcp.hw.mac_addr", at + 1);
}

/** RFC 3004 section 4, or one text without a length, as iPXE writes it. */
function userClasses(section: Section, at: number, length: number): void {
  const end = at + length;
  let next = at;
  while (next < end) {
    const size = section.bytes[next]!;
    if (size === 0 || next + 1 + size > end) {
      section.text("dhcp.option.user_class.text", next, end - next);
      return;
    }
    section.text("dhcp.option.user_class.text", next + 1, size);
    next += 1 + size;
  }
}

/** RFC 4578 section 2.3: type 0, and a UUID whose first three fields lie in the byte order of a PC. */
function machineIdentifier(section: Section, at: number, length: number): void {
  if (length !== 17 || section.bytes[at] !== 0) return;
  const bytes = section.bytes.subarray(at + 1, at + 17);
  const part = (from: number, to: number, turned: boolean) =>
    hexFromOctets(turned ? bytes.slice(from, to).reverse() : bytes.subarray(from, to));
  const uuid = [
    part(0, 4, true),
    part(4, 6, true),
    part(6, 8, true),
    part(8, 10, false),
    part(10, 16, false),
  ];
  section.text("dhcp.client_id.uuid", at + 1, 16, uuid.join("-"));
}
