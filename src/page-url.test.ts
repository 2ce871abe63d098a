import fc from "fast-check";
import { expect, test } from "vitest";
import { type PageUrl, parsePageUrl, STAGE_TABS, serializePageUrl } from "./page-url.ts";

test("an address without parameters asks for the usual machine", () => {
  expect(parsePageUrl("")).toEqual({
    boot: "direct",
    nic: "virtio",
    memoryMiB: 512,
    append: "",
    tab: "serial",
    checkpoint: "auto",
    kernelEntry: "decompressed",
    autostart: false,
    near: "auto",
    rejected: [],
  });
});

test("every parameter is read", () => {
  const search =
    "?label=Overlay-Boot&boot=direct&nic=ne2k&memory=768&append=rd.kiwi.debug%20quiet&cmdline=root=x&tab=blocks&autostart=1&relay=ws://10.0.0.1:8086/wire" +
    "&near=off&checkpoint=renew&kernelEntry=compressed&jit=pages:3,extraBlocks:0,threshold:200000,compile:async";
  expect(parsePageUrl(search)).toEqual({
    label: "Overlay-Boot",
    boot: "direct",
    nic: "ne2k",
    memoryMiB: 768,
    append: "rd.kiwi.debug quiet",
    cmdline: "root=x",
    tab: "blocks",
    checkpoint: "renew",
    kernelEntry: "compressed",
    autostart: true,
    near: "off",
    relay: "ws://10.0.0.1:8086/wire",
    jit: { pages: 3, extraBlocks: 0, threshold: 200_000, compile: "async" },
    rejected: [],
  });
});

test.each([
  ["nic=e1000", "nic=e1000 is not known here; nic can be virtio or ne2k."],
  ["boot=floppy", "boot=floppy is not known here; boot can be direct or pxe."],
  ["tab=log", "tab=log is not known here; tab can be serial or screen or packets or blocks."],
  ["near=yes", "near=yes is not known here; near can be auto or off."],
  ["checkpoint=on", "checkpoint=on is not known here; checkpoint can be auto or renew or off."],
  ["memory=64", "memory=64 cannot be used; it is a number of MiB from 256 to 2048."],
  ["memory=lots", "memory=lots cannot be used; it is a number of MiB from 256 to 2048."],
  ["relay=http://x/", "relay=http://x/ is no WebSocket address; it looks like ws://HOST:PORT/wire."],
  [
    "jit=pages:9",
    "jit=pages:9 is not known here; it looks like jit=pages:1,extraBlocks:250,threshold:500000,compile:sync.",
  ],
])("%s is left out and named", (search, sentence) => {
  const { rejected, ...rest } = parsePageUrl(search);
  expect(rejected).toEqual([sentence]);
  expect(rest).toEqual({ ...parsePageUrl(""), rejected: undefined });
});

test("a boot by firmware takes the card that its ROM can drive", () => {
  expect(parsePageUrl("?boot=pxe")).toMatchObject({ boot: "pxe", nic: "ne2k", rejected: [] });
  expect(parsePageUrl("?boot=pxe&nic=ne2k")).toMatchObject({ boot: "pxe", nic: "ne2k", rejected: [] });
  expect(parsePageUrl("?boot=pxe&nic=virtio")).toMatchObject({
    nic: "ne2k",
    rejected: [
      "nic=virtio cannot boot by boot=pxe: its boot ROM does not know this card. It is ne2k instead.",
    ],
  });
});

test("an address that was written is read as what it was written from", () => {
  const words = fc.string({ minLength: 1 }).map((text) => text.trim());
  const jit = fc.record(
    {
      pages: fc.integer({ min: 1, max: 8 }),
      compile: fc.constantFrom("sync" as const, "async" as const),
    },
    { requiredKeys: ["pages"] },
  );
  const url = fc
    .record(
      {
        boot: fc.constantFrom("direct" as const, "pxe" as const),
        nic: fc.constantFrom("virtio" as const, "ne2k" as const),
        memoryMiB: fc.integer({ min: 256, max: 2048 }),
        append: words,
        tab: fc.constantFrom(...STAGE_TABS),
        autostart: fc.boolean(),
        checkpoint: fc.constantFrom("auto" as const, "renew" as const, "off" as const),
        kernelEntry: fc.constantFrom("decompressed" as const, "compressed" as const),
        near: fc.constantFrom("auto" as const, "off" as const),
        label: fc.string({ minLength: 1 }),
        cmdline: words,
        disk: fc.oneof(
          fc.record({ name: fc.string({ minLength: 1 }) }),
          fc.record({ name: fc.string({ minLength: 1 }), overOther: fc.constant(true) }),
        ),
        relay: fc.constant("wss://10.0.0.1:8086/wire?room=1"),
        jit,
      },
      {
        requiredKeys: [
          "boot",
          "nic",
          "memoryMiB",
          "append",
          "tab",
          "autostart",
          "checkpoint",
          "kernelEntry",
          "near",
        ],
      },
    )
    .map((one): Omit<PageUrl, "rejected"> => (one.boot === "pxe" ? { ...one, nic: "ne2k" } : one));
  fc.assert(
    fc.property(url, (asked) => {
      expect(parsePageUrl(serializePageUrl(asked))).toEqual({ ...asked, rejected: [] });
    }),
  );
  expect(serializePageUrl(parsePageUrl(""))).toBe("");
});

test("no address makes it throw", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom("label", "nic", "memory", "relay", "append", "jit"),
      (value, name) => {
        parsePageUrl(`?${name}=${value}`);
        parsePageUrl(value);
      },
    ),
  );
});
