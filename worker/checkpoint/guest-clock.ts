/**
 * The clock of a Linux guest, found and set in its memory. A guest that continues from a checkpoint has slept through the time
 * since then without knowing, and nothing in an ordinary image asks what time it is once it is running.
 *
 * Layout: `struct timekeeper` of include/linux/timekeeper_internal.h, Linux 4.10 to 6.12 on i386, where 64-bit members are
 * aligned to four bytes. From `xtime_sec` on:
 *
 *   0  u64 xtime_sec           seconds since 1970, CLOCK_REALTIME
 *   8  u32 ktime_sec           seconds, CLOCK_MONOTONIC
 *   12 s64 wall_to_monotonic   seconds and, at 20, s32 nanoseconds
 *   24 s64 offs_real           nanoseconds, CLOCK_REALTIME - CLOCK_MONOTONIC
 *   32 s64 offs_boot
 *   40 s64 offs_tai            nanoseconds, CLOCK_TAI - CLOCK_MONOTONIC
 *   48 s32 tai_offset
 *   52 u32 clock_was_set_seq
 *
 * Before it lie two `struct tk_read_base` of 52 bytes. The first has the running second's nanoseconds, times 2^shift:
 *
 *   -80 u32 tkr_mono.shift
 *   -76 u64 tkr_mono.xtime_nsec
 */
const SHIFT = -80;
const XTIME_NSEC = -76;
const WALL_TO_MONOTONIC = 12;
const WALL_TO_MONOTONIC_NS = 20;
const OFFS_REAL = 24;
const OFFS_TAI = 40;
const TAI_OFFSET = 48;
const CLOCK_WAS_SET_SEQ = 52;
const BYTES = 56;

const NS = 1_000_000_000n;
/** A kernel and its data lie far below; nothing else has to be looked through. */
const SEARCHED_BYTES = 96 * 1024 * 1024;
/** The guest set its clock by ours when it booted. */
const MOST_OFF_S = 120;
/** The kernel keeps its timekeeper and the one it prepares the next update in. */
const EXPECTED = 2;

/** Where in a guest's memory its clock stands; nothing where that is not quite certain. */
export function findGuestClock(memory: Uint8Array, nowMs: number): readonly number[] | undefined {
  const length = Math.min(memory.length, SEARCHED_BYTES) & ~3;
  const view = new DataView(memory.buffer, memory.byteOffset, length);
  const words = new Uint32Array(memory.buffer, memory.byteOffset, length / 4);
  const nowS = Math.floor(nowMs / 1000);
  const found: number[] = [];
  // Word by word for the seconds first: the rest is looked at where they are near enough.
  for (let word = 0; word + BYTES / 4 <= words.length; word++) {
    if (Math.abs(words[word]! - nowS) > MOST_OFF_S || words[word + 1] !== 0) continue;
    if (isTimekeeper(view, word * 4)) found.push(word * 4);
  }
  return found.length === EXPECTED ? found : undefined;
}

/** Moves the clock forward (or back) by whole seconds, to within half a second of `nowMs`. Every one of `places` is from `findGuestClock`. */
export function setGuestClock(memory: Uint8Array, places: readonly number[], nowMs: number): void {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const add = (at: number, amount: bigint) => view.setBigInt64(at, view.getBigInt64(at, true) + amount, true);
  for (const at of places) {
    const wanted = Math.round((nowMs - intoSecondMs(view, at)) / 1000);
    const seconds = BigInt(wanted) - view.getBigInt64(at, true);
    add(at, seconds);
    add(at + WALL_TO_MONOTONIC, -seconds);
    add(at + OFFS_REAL, seconds * NS);
    add(at + OFFS_TAI, seconds * NS);
    // High-resolution timers take the offsets over when this number is another one.
    view.setUint32(at + CLOCK_WAS_SET_SEQ, view.getUint32(at + CLOCK_WAS_SET_SEQ, true) + 1, true);
  }
}

/** How far the running second was at the guest's last tick, in milliseconds; the middle, where a kernel lays this out differently. */
function intoSecondMs(view: DataView, at: number): number {
  const shift = at + SHIFT < 0 ? 0 : view.getUint32(at + SHIFT, true);
  const ns = shift > 0 && shift <= 32 ? view.getBigUint64(at + XTIME_NSEC, true) >> BigInt(shift) : NS;
  return ns < NS ? Number(ns) / 1e6 : 500;
}

/** What the kernel itself keeps true at all times: three ways to say the same offset. */
function isTimekeeper(view: DataView, at: number): boolean {
  const monotonicS = BigInt(view.getUint32(at + 8, true));
  const realS = view.getBigInt64(at, true);
  const toMonotonicS = view.getBigInt64(at + WALL_TO_MONOTONIC, true);
  const toMonotonicNs = BigInt(view.getInt32(at + WALL_TO_MONOTONIC_NS, true));
  const offsReal = view.getBigInt64(at + OFFS_REAL, true);
  const offsTai = view.getBigInt64(at + OFFS_TAI, true);
  const off = realS + toMonotonicS - monotonicS;
  return (
    offsReal === -(toMonotonicS * NS + toMonotonicNs) &&
    offsTai === offsReal + BigInt(view.getInt32(at + TAI_OFFSET, true)) * NS &&
    off >= -1n &&
    off <= 1n
  );
}
