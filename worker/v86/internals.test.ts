import type { V86 } from "v86";
import { describe, expect, it } from "vitest";
import { EmulatorVersionError, internalsOf, V86_VERSION } from "./internals.ts";

/** An emulator by shape. */
function emulator() {
  const queue = { enabled: false, desc_addr: 0, avail_addr: 0, used_addr: 0, count_requests: () => 0 };
  return {
    bus: { send: () => {} },
    screen_adapter: {
      put_char: () => {},
      update_cursor: () => {},
      update_cursor_scanline: () => {},
      set_mode: () => {},
      update_buffer: () => {},
    },
    v86: {
      init: () => {},
      yield: () => {},
      yield_callback: () => {},
      unregister_yield: () => {},
      cpu: {
        cr: [0],
        in_hlt: [0],
        option_roms: [],
        reboot_internal: () => {},
        devices: {
          uart0: { input: [] },
          vga: { screen_fill_buffer: () => {}, complete_redraw: () => {} },
          virtio_net: { mac: [], virtio: { device_status: 0, queues: [queue] } },
          net: { cr: 1, curpg: 0, boundary: 0, pstart: 0, pstop: 0, mac: [], memory: [] },
        },
      },
    },
  };
}

/** Every path to something that is no object with parts of its own. */
function leaves(value: object, path: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([key, part]) =>
    typeof part === "object" && part !== null && Object.keys(part).length > 0
      ? leaves(part, [...path, key])
      : [[...path, key]],
  );
}

function without(path: readonly string[]) {
  const copy = emulator();
  let parent: Record<string, unknown> = copy;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  delete parent[path.at(-1)!];
  return copy as unknown as V86;
}

describe("v86's internals", () => {
  it.each(leaves(emulator()).map((path) => path.join(".")))("are missed when %s is missing", (path) => {
    const nic = path.includes("devices.net.") ? "ne2k" : "virtio";
    const check = () => internalsOf(without(path.split(".")), nic);
    expect(check).toThrow(EmulatorVersionError);
    expect(check).toThrow(`emulator.${path}`);
    expect(check).toThrow(V86_VERSION);
  });

  it("need only the card that is in the machine", () => {
    const { virtio_net: _, ...devices } = emulator().v86.cpu.devices;
    const other = emulator();
    const ne2kOnly = {
      ...other,
      v86: { ...other.v86, cpu: { ...other.v86.cpu, devices } },
    } as unknown as V86;
    expect(() => internalsOf(ne2kOnly, "ne2k")).not.toThrow();
    expect(() => internalsOf(ne2kOnly, "virtio")).toThrow(EmulatorVersionError);
  });
});
