import { expect, test } from "vitest";
import { checkAppend, exportOf, rootParameter, rootSourceOf } from "./root-parameter.ts";

const LINE = "initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=ttyS0";

test("the last root= counts", () => {
  expect(rootParameter("root=/dev/sda1 quiet root=overlay:aoe=e0.1")).toBe("overlay:aoe=e0.1");
  expect(rootParameter("rd.root.overlay.size=50% myroot=1")).toBeUndefined();
});

test("the export is the name behind the host", () => {
  expect(exportOf(LINE)).toBe("kisroot");
  expect(exportOf("root=overlay:aoe=e0.1")).toBeUndefined();
  expect(exportOf("root=overlay:nbd=10.86.0.1")).toBeUndefined();
});

test("a root comes from an export, from a target, or from elsewhere", () => {
  expect(rootSourceOf(LINE)).toEqual({ kind: "nbd", name: "kisroot" });
  expect(rootSourceOf(`${LINE} root=overlay:aoe=e0.1`)).toEqual({ kind: "aoe", name: "e0.1" });
  expect(rootSourceOf("root=/dev/sda1")).toBeUndefined();
});

test("a line without root= is warned about", () => {
  expect(checkAppend("console=ttyS0", ["kisroot"])?.code).toBe("append-without-root");
});

test("an export that the relay does not have is warned about, and those it has are named", () => {
  expect(checkAppend(LINE, ["kisroot", "other"])).toBeUndefined();
  const problem = checkAppend(LINE.replace("kisroot", "kissroot"), ["kisroot", "other"]);
  expect(problem?.code).toBe("export-unknown");
  expect(problem?.advice).toContain("kisroot, other");
});

test("as long as the relay's exports are not known nothing is said about them", () => {
  expect(checkAppend(LINE, undefined)).toBeUndefined();
});
