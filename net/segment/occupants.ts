import type { MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

/** Who has which MAC and which IPv4 address on one segment: no two clients have the same. */
export class Occupants {
  readonly #byMac = new Map<MacAddress, Occupant>();
  readonly #byAddress = new Map<Ipv4Address, Occupant>();

  /** A client's plug. It has nothing until it takes something. */
  join(): Occupant {
    return new Occupant(this.#byMac, this.#byAddress);
  }

  /** Makes `address` that of the station `mac`, in place of the one that it had: it was leased. Not where another one has it. */
  assign(mac: MacAddress, address: Ipv4Address): void {
    if (this.mayHave(mac, address)) this.#byMac.get(mac)?.changeAddress(address);
  }

  /** The MAC address of whoever has this address. */
  macOf(address: Ipv4Address): MacAddress | undefined {
    return this.#byAddress.get(address)?.mac;
  }

  /** Whether nobody but the station `mac` has `address`. */
  mayHave(mac: MacAddress, address: Ipv4Address): boolean {
    const holder = this.#byAddress.get(address);
    return holder === undefined || holder.mac === mac;
  }
}

/** A client's plug on a segment: the one station that may stand behind it, and the one address that this may have. */
export class Occupant {
  readonly #byMac: Map<MacAddress, Occupant>;
  readonly #byAddress: Map<Ipv4Address, Occupant>;
  #mac: MacAddress | undefined;
  #address: Ipv4Address | undefined;

  /** Made by `Occupants.join`. */
  constructor(byMac: Map<MacAddress, Occupant>, byAddress: Map<Ipv4Address, Occupant>) {
    this.#byMac = byMac;
    this.#byAddress = byAddress;
  }

  get mac(): MacAddress | undefined {
    return this.#mac;
  }

  get address(): Ipv4Address | undefined {
    return this.#address;
  }

  /** Whether the client has no MAC address yet, and nobody else has this one. */
  mayTakeMac(mac: MacAddress): boolean {
    return this.#mac === undefined && !this.#byMac.has(mac);
  }

  /** Makes `mac` the client's for as long as it stays. False when it has one already, or somebody else has this one. */
  takeMac(mac: MacAddress): boolean {
    if (!this.mayTakeMac(mac)) return false;
    this.#mac = mac;
    this.#byMac.set(mac, this);
    return true;
  }

  /** Whether nobody else has `address`. */
  mayHave(address: Ipv4Address): boolean {
    const holder = this.#byAddress.get(address);
    return holder === undefined || holder === this;
  }

  /** Makes `address` that of a client that has none. False when it has one already, or somebody else has this one. */
  takeAddress(address: Ipv4Address): boolean {
    if (this.#address !== undefined || this.#byAddress.has(address)) return false;
    this.changeAddress(address);
    return true;
  }

  /** The caller has made sure that nobody else has it. */
  changeAddress(address: Ipv4Address): void {
    if (this.#address !== undefined) this.#byAddress.delete(this.#address);
    this.#address = address;
    this.#byAddress.set(address, this);
  }

  /** The plug was pulled: what the client had is free. */
  leave(): void {
    if (this.#mac !== undefined) this.#byMac.delete(this.#mac);
    if (this.#address !== undefined) this.#byAddress.delete(this.#address);
    this.#mac = undefined;
    this.#address = undefined;
  }
}
