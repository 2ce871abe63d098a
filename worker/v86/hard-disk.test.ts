import { expect, it } from "vitest";
import { type Disk, DiskError } from "../disk/disk.ts";
import { HardDisk } from "./hard-disk.ts";
import type { IdeChannel } from "./internals.ts";

const [DRIVE_READY, WITH_ERROR, UNCORRECTABLE] = [0x50, 0x41, 0x40];

/** A drive as v86 makes it: sealed, its commands on its prototype, and blind to what its image cannot do. */
class Drive {
  status_reg = 0;
  error_reg = 0;
  data = new Uint8Array(512);
  image: HardDisk;

  constructor(image: HardDisk) {
    this.image = image;
    Object.seal(this);
  }

  ata_command(command: number): void {
    this.error_reg = 0;
    this.status_reg = DRIVE_READY;
    if (command === 0xec) this.data.fill(0);
  }

  do_write(): void {
    this.image.set(0, new Uint8Array(512), () => {});
    this.status_reg = DRIVE_READY;
  }

  do_ata_read_sectors_dma(): void {
    this.image.get(0, 512, () => {
      this.status_reg = DRIVE_READY;
    });
  }

  do_ata_write_sectors_dma(): void {
    this.do_write();
  }
}

function setUp() {
  const log: string[] = [];
  const broken: { code?: DiskError["code"] } = {};
  const done = (what: string) => {
    if (broken.code !== undefined) throw new DiskError(broken.code, "It is broken.");
    log.push(what);
  };
  const disk: Disk = {
    sizeBytes: 1024,
    unsynced: false,
    usedBytes: () => 0,
    read: () => done("read"),
    write: () => done("write"),
    flush: () => done("flush"),
    close: () => {},
  };
  const image = new HardDisk(disk, {
    diskChanged: () => {},
    diskFailed: ({ code }) => log.push(`failed: ${code}`),
  });
  const original = new Drive(image);
  const channel: IdeChannel = { master: original, current_interface: original };
  image.attach(channel);
  expect(channel.current_interface).toBe(channel.master);
  return { drive: channel.master, log, broken };
}

it("flushes before it says so, and says that it has a cache to flush", () => {
  const { drive, log } = setUp();
  for (const command of [0xe7, 0xea]) {
    drive.ata_command(command);
    expect(drive.status_reg).toBe(DRIVE_READY);
  }
  expect(log).toEqual(["flush", "flush"]);
  drive.ata_command(0xec);
  expect(log).toHaveLength(2);
  expect([drive.data[82 * 2]! & 32, drive.data[85 * 2]! & 32]).toEqual([32, 32]);
});

it("tells the guest of what could not be read, written or flushed, once", () => {
  const { drive, log, broken } = setUp();
  const commands = [
    () => drive.do_write(),
    () => drive.do_ata_read_sectors_dma(),
    () => drive.do_ata_write_sectors_dma(),
    () => drive.ata_command(0xea),
  ];
  for (const command of commands) {
    broken.code = "full";
    command();
    expect([drive.status_reg, drive.error_reg]).toEqual([WITH_ERROR, UNCORRECTABLE]);
    delete broken.code;
    command();
    expect(drive.status_reg).toBe(DRIVE_READY);
  }
  expect(log).toEqual([
    "failed: full",
    "write",
    "failed: full",
    "read",
    "failed: full",
    "write",
    "failed: full",
    "flush",
  ]);
});
