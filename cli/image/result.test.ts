import { describe, expect, it } from "vitest";
import { packageVersion, recogniseKis } from "./result.ts";

/** What kiwi 9.24.56 leaves behind for a squashfs root. */
const RESULT = [
  "kiwi.result",
  "kiwi.result.json",
  "lab.ix86-1.0.0",
  "lab.ix86-1.0.0-6.1.0-50-686.kernel",
  "lab.ix86-1.0.0.changes",
  "lab.ix86-1.0.0.initrd",
  "lab.ix86-1.0.0.md5",
  "lab.ix86-1.0.0.packages",
  "lab.ix86-1.0.0.tar.xz",
  "lab.ix86-1.0.0.verified",
];

const without = (name: string) => RESULT.filter((file) => file !== name);

describe("kiwi's result folder", () => {
  it("is recognised without an .append file, which a squashfs root does not get", () => {
    expect(recogniseKis(RESULT)).toEqual({
      kernel: "lab.ix86-1.0.0-6.1.0-50-686.kernel",
      initrd: "lab.ix86-1.0.0.initrd",
      root: "lab.ix86-1.0.0",
      kernelVersion: "6.1.0-50-686",
      packages: "lab.ix86-1.0.0.packages",
    });
  });

  it("may have an .append file", () => {
    expect(recogniseKis([...RESULT, "lab.ix86-1.0.0.append"])).toMatchObject({
      append: "lab.ix86-1.0.0.append",
    });
  });

  it("says what is missing", () => {
    expect(recogniseKis(without("lab.ix86-1.0.0-6.1.0-50-686.kernel"))).toBe("it holds no file *.kernel");
    expect(recogniseKis(without("lab.ix86-1.0.0.initrd"))).toMatch(/no initrd that belongs to lab/);
    expect(recogniseKis(without("lab.ix86-1.0.0"))).toBe("it holds no root image lab.ix86-1.0.0");
    expect(recogniseKis([...without("lab.ix86-1.0.0"), "lab.ix86-1.0.0.xz"])).toMatch(
      /compressed: unpack it/,
    );
    expect(recogniseKis([...RESULT, "other.ix86-1.0.0-6.2.kernel"])).toBe("it holds 2 files *.kernel");
  });
});

describe("a version in kiwi's package list", () => {
  const LIST = "dracut-core|None|059-4|None|i386|None|None\ndracut|None|059-4+x|None|all|None|None\n";

  it("is that of the package of this very name", () => {
    expect(packageVersion(LIST, "dracut")).toBe("059-4+x");
    expect(packageVersion(LIST, "drac")).toBeUndefined();
  });
});
