import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Namespace } from "./namespace.ts";
import { openTap, type Tap, TapError } from "./tap.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function namespace(): Namespace {
  const made = Namespace.create();
  open.push(made);
  return made;
}

async function tapIn(inside: Namespace, queueBytes?: number): Promise<Tap> {
  const options = { name: "tap0", namespace: inside.name, mtu: 2000 };
  const tap = await openTap(queueBytes === undefined ? options : { ...options, queueBytes });
  open.push(tap);
  return tap;
}

/** An Ethernet frame with a type that nobody knows. */
function frame(length: number, fill = 0): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  return bytes;
}

/** Sends frames of ascending size from a raw socket inside; their contents name them. */
const SENDER = `
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("tap0", 0))
for n in range(300):
    s.send(bytes.fromhex("020000000001020000000064" + "88b5") + n.to_bytes(2, "big") + bytes([n % 256]) * (n + 44))
`;

describe("a tap", () => {
  it("brings every frame from the kernel, whole and in order", async () => {
    const inside = namespace();
    const tap = await tapIn(inside);
    const received: Uint8Array[] = [];
    tap.onFrame = (each) => {
      if (each[12] === 0x88 && each[13] === 0xb5) received.push(each);
    };
    expect(await inside.run("/usr/bin/python3", ["-c", SENDER])).toMatchObject({ code: 0, stderr: "" });
    await vi.waitFor(() => expect(received).toHaveLength(300), 10_000);
    received.forEach((each, index) => {
      expect(each.length).toBe(14 + 2 + index + 44);
      expect((each[14]! << 8) | each[15]!).toBe(index);
      expect(each.subarray(16).every((octet) => octet === index % 256)).toBe(true);
    });
  });

  it("takes every frame to the kernel", async () => {
    const inside = namespace();
    const tap = await tapIn(inside);
    for (let count = 0; count < 1000; count++) expect(tap.send(frame(60 + count))).toBe(true);
    await vi.waitFor(async () => {
      const link = JSON.parse((await inside.run("ip", ["-j", "-s", "link", "show", "tap0"])).stdout);
      expect(link[0].stats64.rx).toMatchObject({ packets: 1000, bytes: (1000 * (60 + 1059)) / 2 });
    }, 10_000);
    expect(tap.counters).toMatchObject({ sentFrames: 1000, droppedFrames: 0 });
  });

  it("drops and counts what its queue cannot hold", async () => {
    const tap = await tapIn(namespace(), 10_000);
    const taken = Array.from({ length: 100 }, () => tap.send(frame(1000))).filter(Boolean).length;
    expect(taken).toBe(9);
    expect(tap.counters).toMatchObject({ sentFrames: 9, droppedFrames: 91 });
  });

  it("survives a frame that the kernel refuses", async () => {
    const inside = namespace();
    const tap = await tapIn(inside);
    tap.send(new Uint8Array(3));
    tap.send(frame(60));
    await vi.waitFor(async () => {
      const link = JSON.parse((await inside.run("ip", ["-j", "-s", "link", "show", "tap0"])).stdout);
      expect(link[0].stats64.rx.packets).toBe(1);
    }, 10_000);
  });

  it("has the MTU that it was given and is up; it is gone when it is closed", async () => {
    const inside = namespace();
    const tap = await tapIn(inside);
    const [link] = JSON.parse((await inside.run("ip", ["-j", "link", "show", "tap0"])).stdout);
    expect(link).toMatchObject({ mtu: 2000, flags: expect.arrayContaining(["UP", "LOWER_UP"]) });
    await tap.close();
    expect(await tap.ended).toBeUndefined();
    expect(tap.send(frame(60))).toBe(false);
    expect((await inside.run("ip", ["link", "show", "tap0"])).code).toBe(1);
  });

  it("says what is wrong when it cannot be opened", async () => {
    const nowhere = openTap({ name: "tap0", namespace: "netroot-nowhere" });
    await expect(nowhere).rejects.toThrow('Cannot open network namespace "netroot-nowhere"');
    const inside = namespace();
    await tapIn(inside);
    const busy = openTap({ name: "tap0", namespace: inside.name });
    await expect(busy).rejects.toThrow("the tap tap0 cannot be opened: Device or resource busy");
    await expect(busy).rejects.toMatchObject({ code: "cannot-open" });
    vi.spyOn(process, "getuid").mockReturnValueOnce(1000);
    await expect(openTap({ name: "tap0" })).rejects.toMatchObject({ code: "not-root" });
  });

  it("tells that its helper was killed", async () => {
    const inside = namespace();
    const tap = await tapIn(inside);
    const [helper] = execFileSync("ip", ["netns", "pids", inside.name], { encoding: "utf8" }).split("\n");
    process.kill(Number(helper), "SIGKILL");
    const reason = await tap.ended;
    expect(reason).toBeInstanceOf(TapError);
    expect(reason?.code).toBe("helper-died");
    expect(tap.send(frame(60))).toBe(false);
  });
});
