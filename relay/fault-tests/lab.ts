import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { GuestNbd } from "../client/guest-nbd.ts";
import { SyntheticGuest } from "../client/synthetic-guest.ts";
import { sha256OfFile, writeRandomFile } from "../exports/testing/programs.ts";
import { createLogger } from "../log.ts";
import { type Relay, startRelay } from "../serve.ts";

const SERVER = parseIpv4("10.86.0.1")!;

/** An image that repeats nowhere, and whole relays in front of it. */
export class Lab {
  readonly folder: string;
  readonly image: string;
  readonly sha256: string;
  /** What the relays warned of. */
  readonly warnings: string[] = [];
  readonly #closers: (() => unknown)[] = [];

  private constructor(folder: string, image: string, sha256: string) {
    this.folder = folder;
    this.image = image;
    this.sha256 = sha256;
  }

  static async open(imageBytes: number): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), "netroot-faults-"));
    await mkdir(join(folder, "tftpboot"));
    await mkdir(join(folder, "exports"));
    const image = join(folder, "exports/kisroot.img");
    await writeRandomFile(image, imageBytes);
    return new Lab(folder, image, await sha256OfFile(image));
  }

  /** A relay in front of the image, or of this NBD server. It is closed after the test. */
  async relay(server?: string): Promise<Relay> {
    const served = server === undefined ? "" : `[[export]]\nname = "kisroot"\nserver = "${server}"\n`;
    await writeFile(join(this.folder, "netroot.toml"), served);
    const logger = createLogger({ level: "warn", write: (line) => this.warnings.push(line) });
    const relay = await startRelay({ tree: this.folder, listen: { port: 0 }, logger });
    this.afterTest(() => relay.close());
    while (!relay.status().exports.every(({ state }) => state === "ready"))
      await new Promise((resolve) => setTimeout(resolve, 10));
    return relay;
  }

  /** A guest with its address, and its device. */
  async plugIn(relay: Relay): Promise<{ guest: SyntheticGuest; device: GuestNbd }> {
    const { mtu } = relay.status();
    const guest = await SyntheticGuest.connect({
      url: `${relay.url.replace("http", "ws")}wire`,
      mtu,
      large: true,
    });
    this.afterTest(() => guest.close());
    await guest.acquire();
    const peer = { address: SERVER, port: NBD_PORT };
    const device = await GuestNbd.open((handler) => guest.station.connect(peer, handler), "kisroot");
    return { guest, device };
  }

  afterTest(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Closes what a test opened. */
  async tidy(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.warnings.length = 0;
  }

  async close(): Promise<void> {
    await this.tidy();
    await rm(this.folder, { recursive: true });
  }
}
