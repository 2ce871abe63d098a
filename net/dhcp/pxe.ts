// What a machine that boots over the network is told: PXE specification 2.1 section 2.2, RFC 4578, RFC 5071 for pxelinux, and
// iPXE's own options (its documentation, "DHCP settings").
import { formatIpv4, type Ipv4Address } from "../ipv4/address.ts";
import type { DhcpMessage } from "./message.ts";
import { type DhcpOptions, dhcpOption, encapsulate } from "./options.ts";
import type { DhcpBoot } from "./server.ts";

export interface PxeConfig {
  /** What the boot ROM of a PC with a BIOS fetches by TFTP: `pxelinux.0`. At most 127 octets. */
  readonly file?: string;
  /** What iPXE fetches, on machines of any kind: a path for TFTP, or a URL. At most 255 octets; `file` when not given. */
  readonly ipxeFile?: string;
  /** pxelinux reads this instead of looking for its configuration. */
  readonly configFile?: string;
  /** What pxelinux puts in front of the names of files; the folder of its own file when not given. */
  readonly pathPrefix?: string;
}

const PXE_CLASS = "PXEClient";
const IPXE_CLASS = "iPXE";
/** RFC 4578 section 2.1. */
const ARCHITECTURE_BIOS = 0;
/** The file field, less the zero that ends it. */
export const LONGEST_FILE_FIELD = 127;
const MACHINE_IDENTIFIER_BYTES = 17;

/**
 * PXE_DISCOVERY_CONTROL with bit 3 set (PXE 2.1 table 2-1, option 43, tag 6): fetch the boot file, look for no other boot
 * server and show no menu. Without it a ROM that is told `PXEClient` looks for one.
 */
const TAKE_THE_FILE = encapsulate([[6, Uint8Array.of(8)]]);
/** `no-pxedhcp`: iPXE need not wait for a server that knows the boot file only. There is none. */
const NO_PROXY_DHCP = encapsulate([[176, Uint8Array.of(1)]]);

/** Says what to boot to the clients that ask for it: by their class, or by the options that they would like to hear about. */
export function pxeBoot(
  config: PxeConfig,
  server: Ipv4Address,
): (request: DhcpMessage) => DhcpBoot | undefined {
  return (request) => {
    const client = describeClient(request);
    if (!client.boots) return undefined;
    const file = fileFor(config, client);
    if (file === undefined) return undefined;
    const { configFile, pathPrefix } = config;
    const { clientMachineIdentifier } = request.options;
    const inHeader = file.length <= LONGEST_FILE_FIELD;
    const { asks, isPxe, isIpxe } = client;
    // pxelinux reads these in the answer that its ROM got. The ROM itself has never heard of them.
    const tellsPxelinux = (name: "pxelinuxConfigFile" | "pxelinuxPathPrefix") =>
      isPxe || isIpxe || asks(name);
    const options: DhcpOptions = {
      ...(isPxe && { vendorClass: PXE_CLASS, vendorOptions: TAKE_THE_FILE }),
      ...(isPxe &&
        clientMachineIdentifier?.length === MACHINE_IDENTIFIER_BYTES && { clientMachineIdentifier }),
      ...(asks("tftpServerName") && { tftpServerName: formatIpv4(server) }),
      ...((asks("bootFileName") || !inHeader) && { bootFileName: file }),
      ...(asks("tftpServers") && { tftpServers: [server] }),
      ...(isIpxe && { ipxeOptions: NO_PROXY_DHCP }),
      ...(configFile !== undefined &&
        tellsPxelinux("pxelinuxConfigFile") && { pxelinuxConfigFile: configFile }),
      ...(pathPrefix !== undefined &&
        tellsPxelinux("pxelinuxPathPrefix") && { pxelinuxPathPrefix: pathPrefix }),
    };
    return {
      serverAddress: server,
      serverName: formatIpv4(server),
      bootFile: inHeader ? file : "",
      options,
    };
  };
}

interface BootClient {
  /** It asked for something to boot. */
  readonly boots: boolean;
  readonly isPxe: boolean;
  readonly isIpxe: boolean;
  readonly isBios: boolean;
  readonly asks: (name: keyof typeof dhcpOption) => boolean;
}

function describeClient({ options }: DhcpMessage): BootClient {
  const { vendorClass, userClasses, ipxeOptions, clientArchitectures, parameterRequestList = [] } = options;
  const asks = (name: keyof typeof dhcpOption) => parameterRequestList.includes(dhcpOption[name].code);
  const isPxe = vendorClass?.startsWith(PXE_CLASS) === true;
  const isIpxe = ipxeOptions !== undefined || userClasses?.includes(IPXE_CLASS) === true;
  return {
    boots: isPxe || isIpxe || asks("bootFileName") || asks("tftpServerName") || asks("tftpServers"),
    isPxe,
    isIpxe,
    isBios: clientArchitectures?.includes(ARCHITECTURE_BIOS) ?? true,
    asks,
  };
}

/** A boot file is code for one kind of machine; what iPXE is given in its place is usually a script. */
function fileFor({ file, ipxeFile }: PxeConfig, { isIpxe, isBios }: BootClient): string | undefined {
  if (isIpxe && ipxeFile !== undefined) return ipxeFile;
  return isBios ? file : undefined;
}
