import { describe, expect, it } from "vitest";
import { cacheKey, type KeyInputs } from "./key.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const INPUTS: KeyInputs = {
  description: "debian-bookworm",
  files: [
    { path: "config.xml", executable: false, content: bytes("<image/>") },
    { path: "config.sh", executable: true, content: bytes("true") },
  ],
  runner: bytes("kiwi-ng system build"),
  tools: { kiwi: "9.24.56-1", debootstrap: "1.0.128" },
  inRelease: bytes("Suite: oldstable"),
};

const [CONFIG, SCRIPT] = INPUTS.files as [KeyInputs["files"][0], KeyInputs["files"][0]];

const CHANGES: Record<string, Partial<KeyInputs>> = {
  "another description": { description: "debian-bookworm-systemd" },
  "another content of a file": { files: [{ ...CONFIG, content: bytes("<image />") }, SCRIPT] },
  "another name of a file": { files: [{ ...CONFIG, path: "config.xml.old" }, SCRIPT] },
  "another mode of a file": { files: [CONFIG, { ...SCRIPT, executable: false }] },
  "a file less": { files: [CONFIG] },
  "a file more": {
    files: [...INPUTS.files, { path: "root/etc/x", executable: false, content: new Uint8Array() }],
  },
  "another script that runs kiwi": { runner: bytes("kiwi-ng --debug system build") },
  "another version of a tool": { tools: { ...INPUTS.tools, kiwi: "9.24.57-1" } },
  "a tool more": { tools: { ...INPUTS.tools, rsync: "3.2" } },
  "other packages at the mirror": { inRelease: bytes("Suite: oldstable\nDate: later") },
};

describe("the cache key", () => {
  it("is the same for the same inputs, in whatever order they are listed", () => {
    const shuffled: KeyInputs = {
      ...INPUTS,
      files: [...INPUTS.files].reverse(),
      tools: { debootstrap: "1.0.128", kiwi: "9.24.56-1" },
    };
    expect(cacheKey(shuffled)).toBe(cacheKey(INPUTS));
    expect(cacheKey(INPUTS)).toMatch(/^[0-9a-f]{32}$/);
  });

  for (const [what, change] of Object.entries(CHANGES)) {
    it(`changes with ${what}`, () => {
      expect(cacheKey({ ...INPUTS, ...change })).not.toBe(cacheKey(INPUTS));
    });
  }

  it("does not mistake the end of one file for the beginning of the next", () => {
    const split = (a: string, b: string) =>
      cacheKey({
        ...INPUTS,
        files: [
          { path: "a", executable: false, content: bytes(a) },
          { path: "b", executable: false, content: bytes(b) },
        ],
      });
    expect(split("xy", "z")).not.toBe(split("x", "yz"));
  });
});
