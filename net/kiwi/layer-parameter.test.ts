import { expect, it } from "vitest";
import { LAYER_ON_DISK, layersOnDisk, memoryLayerMiB, rootExport, withLayer } from "./layer-parameter.ts";

it("knows the export that the root comes from", () => {
  expect(rootExport("initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot quiet")).toBe("kisroot");
  expect(rootExport("root=nbd=10.86.0.1:kis-root:2")).toBe("kis-root:2");
  expect(rootExport("root=overlay:aoe=e0.1")).toBeUndefined();
  expect(rootExport("noroot=overlay:nbd=10.86.0.1:kisroot")).toBeUndefined();
});

it("knows whether the system's writes go to the disk", () => {
  expect(layersOnDisk(`root=x ${LAYER_ON_DISK} quiet`)).toBe(true);
  expect(layersOnDisk("rd.root.overlay.write=/dev/sda1")).toBe(true);
  for (const line of [
    "",
    "rd.root.overlay.write=/dev/sdb",
    `x${LAYER_ON_DISK}`,
    `${LAYER_ON_DISK} rd.root.overlay.readonly`,
    `rd.root.overlay.temporary=1 ${LAYER_ON_DISK}`,
  ])
    expect(layersOnDisk(line), line).toBe(false);
});

it("is said once, and taken back", () => {
  const line = "root=x quiet";
  expect(withLayer(line, true)).toBe(`root=x quiet ${LAYER_ON_DISK}`);
  expect(withLayer(withLayer(line, true), true)).toBe(`root=x quiet ${LAYER_ON_DISK}`);
  expect(withLayer(withLayer(line, true), false)).toBe(line);
  expect(withLayer("rd.root.overlay.write=/dev/vda", false)).toBe("rd.root.overlay.write=/dev/vda");
});

it("knows how large a layer in memory may get", () => {
  const cases = [
    ["rd.root.overlay.size=40m", 40],
    ["quiet rd.root.overlay.size=2G x", 2048],
    ["rd.root.overlay.size=1048576k", 1024],
    ["rd.root.overlay.size=1000000", 1],
    ["rd.root.overlay.size=50%", undefined],
    ["rd.root.overlay.size=", undefined],
    ["quiet", undefined],
  ] as const;
  for (const [line, mebibytes] of cases) expect(memoryLayerMiB(line), line).toBe(mebibytes);
});
