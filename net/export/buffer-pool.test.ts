import fc from "fast-check";
import { expect, test } from "vitest";
import { BufferPool } from "./buffer-pool.ts";

const MAX_IDLE_BYTES = 64 * 1024;

const commands = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("take" as const), length: fc.integer({ min: 0, max: 40_000 }) }),
    fc.record({ kind: fc.constant("give-back" as const), which: fc.nat(20), again: fc.boolean() }),
  ),
  { maxLength: 80 },
);

test("gives nobody what somebody has, whatever is taken and given back", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const pool = new BufferPool(MAX_IDLE_BYTES);
      const taken: { readonly bytes: Uint8Array; readonly mark: number }[] = [];
      for (const [index, command] of list.entries()) {
        if (command.kind === "take") {
          const bytes = pool.take(command.length);
          expect(bytes.length).toBe(command.length);
          expect(taken.some((each) => each.bytes.buffer === bytes.buffer)).toBe(false);
          taken.push({ bytes: bytes.fill(index), mark: index });
        } else if (taken.length > 0) {
          const [{ bytes }] = taken.splice(command.which % taken.length, 1) as [(typeof taken)[0]];
          pool.giveBack(bytes);
          if (command.again) pool.giveBack(bytes);
        }
        expect(pool.idleBytes).toBeLessThanOrEqual(MAX_IDLE_BYTES);
      }
      for (const { bytes, mark } of taken) expect(bytes.every((octet) => octet === mark)).toBe(true);
    }),
  );
});

test("gives again what came back, and takes nothing that is not its own", () => {
  const pool = new BufferPool(MAX_IDLE_BYTES);
  const bytes = pool.take(5000);
  pool.giveBack(new Uint8Array(8192));
  expect(pool.take(5000).buffer).not.toBe(bytes.buffer);
  pool.giveBack(bytes);
  expect(pool.take(8000).buffer).toBe(bytes.buffer);
});
