import type { RandomBytes, Timed } from "../../net/clock.ts";
import type { Ipv4Address } from "../../net/ipv4/address.ts";
import { Ipv4Interface } from "../../net/ipv4/interface.ts";
import { ipProtocol } from "../../net/ipv4/packet.ts";
import type { TcpEndpointOptions } from "../../net/tcp/endpoint.ts";
import type { SequenceNumber } from "../../net/tcp/sequence.ts";
import { seededBytes } from "../../net/tcp/simulated-link.ts";
import { parseSegment, SYN } from "../../net/tcp/wire.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import { Namespace } from "../uplink/namespace.ts";
import { openTap, type Tap } from "../uplink/tap.ts";
import { type ImpairedWire, type Impairment, impairWire } from "./impaired-wire.ts";

export const OUR_ADDRESS: Ipv4Address = 0x0a560001;
export const KERNEL_ADDRESS: Ipv4Address = 0x0a560064;
export const OURS = "10.86.0.1";
export const KERNELS = "10.86.0.100";

const OUR_MAC = 0x02_00_00_00_00_01;
const MTU = 1500;

/** The TCP under test: an endpoint, or a gateway around one. */
export interface TcpUnderTest extends Timed {
  receive(source: Ipv4Address, bytes: Uint8Array): void;
  close(): void;
}

/** The Linux kernel in a namespace of its own, and our TCP on the other end of its tap. */
export class KernelPeer<T extends TcpUnderTest> {
  readonly namespace: Namespace;
  readonly tcp: T;
  /** The sequence number of the kernel's first SYN. */
  kernelIsn: SequenceNumber | undefined;
  readonly #tap: Tap;
  readonly #interface: Ipv4Interface;
  readonly #drives: readonly Drive[];
  #toKernel: ImpairedWire;
  #fromKernel: ImpairedWire;

  private constructor(
    namespace: Namespace,
    tap: Tap,
    create: (options: TcpEndpointOptions) => T,
    random: RandomBytes,
  ) {
    this.namespace = namespace;
    this.#tap = tap;
    const wake = () => {
      for (const each of this.#drives) each.wake();
    };
    this.#interface = new Ipv4Interface({
      mac: OUR_MAC,
      address: OUR_ADDRESS,
      prefixLength: 24,
      mtu: MTU,
      clock: monotonicClock,
      random: seededBytes(1),
      transmit: (frame) => {
        this.#toKernel.send(frame);
        wake();
      },
      receive: ({ packet }) => {
        if (packet.protocol !== ipProtocol.tcp) return;
        this.#noteIsn(packet.payload);
        this.tcp.receive(packet.source, packet.payload);
      },
      unroutable: () => {},
    });
    this.tcp = create({ output: this.#interface, clock: monotonicClock, random });
    this.#drives = [drive(this.tcp, monotonicClock), drive(this.#interface, monotonicClock)];
    [this.#toKernel, this.#fromKernel] = this.#wires({});
    tap.onFrame = (frame) => {
      this.#fromKernel.send(frame);
      wake();
    };
  }

  /** Makes the namespace and the tap; nothing of them is left behind when it fails. Needs root. */
  static async create<T extends TcpUnderTest>(
    create: (options: TcpEndpointOptions) => T,
    random: RandomBytes = seededBytes(2),
  ): Promise<KernelPeer<T>> {
    const namespace = Namespace.create();
    try {
      const tap = await openTap({ name: "boot0", namespace: namespace.name, mtu: MTU });
      const { code, stderr } = await namespace.run("ip", ["address", "add", `${KERNELS}/24`, "dev", "boot0"]);
      if (code !== 0) throw new Error(`The tap has no address: ${stderr}`);
      return new KernelPeer(namespace, tap, create, random);
    } catch (error) {
      namespace.close();
      throw error;
    }
  }

  /** From now on the wire treats frames like this, in both directions. Returns what it counts, from us and to us. */
  impair(impairment: Impairment): readonly [ImpairedWire["counters"], ImpairedWire["counters"]] {
    this.#toKernel.close();
    this.#fromKernel.close();
    [this.#toKernel, this.#fromKernel] = this.#wires(impairment);
    return [this.#toKernel.counters, this.#fromKernel.counters];
  }

  async close(): Promise<void> {
    this.tcp.close();
    this.#toKernel.close();
    this.#fromKernel.close();
    for (const each of this.#drives) each.close();
    await this.#tap.close();
    this.namespace.close();
  }

  #noteIsn(bytes: Uint8Array): void {
    if (this.kernelIsn !== undefined) return;
    const segment = parseSegment(bytes, KERNEL_ADDRESS, OUR_ADDRESS);
    if (segment.kind === "tcp" && segment.flags & SYN) this.kernelIsn = segment.sequence;
  }

  #wires(impairment: Impairment): [ImpairedWire, ImpairedWire] {
    return [
      impairWire(impairment, 11, (frame) => void this.#tap.send(frame)),
      impairWire(impairment, 12, (frame) => this.#interface.receive(frame)),
    ];
  }
}
