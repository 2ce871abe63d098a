import { programEntry, writeNewc } from "../../smoke/testing/newc.ts";

/** The kernel's parameter that starts it instead of the initrd's own init. */
export const WRITER_INIT = "rdinit=/writer";
export const READY = "WRITER READY";

/**
 * A part of an initrd, to be put behind the light tree's own: a program that mounts /dev/sda and writes numbered records to it, each
 * a file of its own, for as long as the power is on. At READY it waits for a line: the number of the first record. It says SYNCED and
 * the number when fsync has returned, and deletes what is KEPT records old.
 */
export function writerInitrd(): Buffer {
  return writeNewc([programEntry("writer", WRITER)]);
}

export const KEPT = 40;

/** What the record of this number holds. */
export function recordOf(number: number): string {
  return `record ${number}\n`.repeat(linesOf(number));
}

/** The newest record that fsync has acknowledged, as far as the console says. */
export function lastSynced(console: string): number | undefined {
  const last = [...console.matchAll(/^SYNCED (\d+)\r?$/gm)].at(-1)?.[1];
  return last === undefined ? undefined : Number(last);
}

function linesOf(number: number): number {
  return ((number * 37) % 1500) + 1;
}

const WRITER = `#!/usr/bin/busybox sh
export PATH=/usr/bin:/usr/sbin
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
modprobe -a ata_piix sd_mod ext4
while [ ! -b /dev/sda ]; do busybox sleep 0.1; done
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
busybox stty -echo
busybox mkdir -p /mnt
echo "${READY}"
read -r number
busybox mount -t ext4 /dev/sda /mnt || echo "MOUNT FAILED"
busybox mkdir -p /mnt/r
while :; do
  busybox yes "record $number" | busybox head -n $((number * 37 % 1500 + 1)) |
    busybox dd of=/mnt/r/$number conv=fsync 2> /dev/null && echo "SYNCED $number"
  busybox rm -f /mnt/r/$((number - ${KEPT}))
  number=$((number + 1))
done
`;
