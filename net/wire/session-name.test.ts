import fc from "fast-check";
import { expect, it } from "vitest";
import { sessionNameOf, sessionSubprotocol } from "./session-name.ts";

const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });

it("is found among whatever else is offered", () => {
  fc.assert(
    fc.property(octets, octets, (name, other) => {
      const offered = `netroot-batch.v1, ${sessionSubprotocol(name)},${sessionSubprotocol(other)}`;
      expect(sessionNameOf(offered)).toBe(Buffer.from(name).toString("hex"));
    }),
  );
});

it("is not made of less, and not read from anything else", () => {
  expect(() => sessionSubprotocol(new Uint8Array(15))).toThrow(RangeError);
  const good = sessionSubprotocol(new Uint8Array(16).fill(0xab));
  for (const bad of [undefined, "", "netroot-batch.v1", good.slice(0, -1), `${good}0`, good.toUpperCase()])
    expect(sessionNameOf(bad)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (noise) => {
      expect(sessionNameOf(noise)).toBeUndefined();
    }),
  );
});
