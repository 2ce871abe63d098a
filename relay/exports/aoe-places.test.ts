import { describe, expect, it } from "vitest";
import { formatAoeAddress } from "../../net/aoe/address.ts";
import { configurationSchema } from "../config/schema.ts";
import { aoePlaces } from "./aoe-places.ts";

function places(names: readonly string[], toml: object): Record<string, string> {
  const configuration = configurationSchema.parse(toml);
  return Object.fromEntries(
    aoePlaces("/tree", names, configuration).map(({ name, address }) => [name, formatAoeAddress(address)]),
  );
}

describe("the places of AoE targets", () => {
  it("are given from e0.1 on, where nobody has said otherwise", () => {
    expect(places(["kisroot", "other"], {})).toEqual({ kisroot: "e0.1", other: "e0.2" });
  });

  it("are those that are declared, which nobody else gets", () => {
    const export_ = [
      { name: "b", image: "b", aoe: "e0.1" },
      { name: "c", image: "c", aoe: false },
      { name: "d", image: "d", aoe: "e7.3" },
    ];
    expect(places(["a", "b", "c", "d", "e"], { export: export_ })).toEqual({
      a: "e0.2",
      b: "e0.1",
      d: "e7.3",
      e: "e0.3",
    });
  });

  it("are only those that are declared with an uplink, where others may have targets", () => {
    const toml = { segment: { mode: "shared" }, uplink: { tap: "t0" } };
    expect(places(["a"], toml)).toEqual({});
    expect(places(["a"], { ...toml, export: [{ name: "a", image: "a", aoe: "e0.1" }] })).toEqual({
      a: "e0.1",
    });
  });

  it("name the image of an export that vblade serves", () => {
    const toml = {
      segment: { mode: "shared" },
      uplink: { tap: "t0" },
      export: [{ name: "a", image: "exports/a", aoe: "e0.1", vblade: true }],
    };
    const [place] = aoePlaces("/tree", ["a"], configurationSchema.parse(toml));
    expect(place).toMatchObject({ vblade: { image: "/tree/exports/a", readOnly: true } });
  });

  it("end with the last slot of the shelf", () => {
    const names = Array.from({ length: 300 }, (_, index) => `export ${index}`);
    expect(Object.values(places(names, {})).at(-1)).toBe("e0.254");
  });
});
