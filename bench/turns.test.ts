import { describe, expect, it } from "vitest";
import { inTurns } from "./turns.ts";

describe("boots in turns", () => {
  it("run every other round backwards, and keep what each contender's boots said", async () => {
    const order: string[] = [];
    const contender = (name: string) => ({
      name,
      boot: async () => {
        order.push(name);
        return [{ name: "login", state: "done", atMs: order.length }] as const;
      },
    });
    const results = await inTurns([contender("a"), contender("b")], { runs: 3, say() {} });
    expect(order).toEqual(["a", "b", "b", "a", "a", "b"]);
    expect(results.b!.map(([login]) => login!.atMs)).toEqual([2, 3, 6]);
  });

  it("reject when a boot fails, and name the boot", async () => {
    let said = "";
    const boot = () => Promise.reject(new Error("qemu: no prompt"));
    const turns = inTurns([{ name: "qemu", boot }], {
      runs: 1,
      say: (text) => {
        said += text;
      },
    });
    await expect(turns).rejects.toThrow("no prompt");
    expect(said).toBe("run 1 of 1: qemu … failed\n");
  });
});
