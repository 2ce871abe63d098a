import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePageUrl } from "./page-url.ts";

test("an address without parameters asks for the usual machine", () => {
  expect(parsePageUrl("")).toEqual({
    boot: "direct",
    nic: "virtio",
    memoryMiB: 512,
    append: "",
    checkpoint: "auto",
    kernelEntry: "decompressed",
    autostart: false,
    near: "auto",
    rejected: [],
  });
});

test("every parameter is read", () => {
  const search =
    "?label=Overlay-Boot&boot=direct&nic=ne2k&memory=768&append=rd.kiwi.debug%20quiet&autostart=1&relay=ws://10.0.0.1:8086/wire" +
    "&near=off&checkpoint=renew&kernelEntry=compressed&jit=pages:3,extraBlocks:0,threshold:200000,compile:async";
  expect(parsePageUrl(search)).toEqual({
    label: "Overlay-Boot",
    boot: "direct",
    nic: "ne2k",
    memoryMiB: 768,
    append: "rd.kiwi.debug quiet",
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
