import { expect, it } from "vitest";
import { LAYER_ON_DISK, layersOnDisk, rootExport, withLayer } from "./layer-parameter.ts";

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
