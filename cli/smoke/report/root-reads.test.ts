import { expect, it } from "vitest";
import type { ExportStatus } from "../../../net/status/status.ts";
import { rootReads } from "./root-reads.ts";

const exports: ExportStatus[] = [
  { name: "kisroot", aoe: "e0.1" },
  { name: "data", aoe: "e0.2" },
].map((each, index) => ({
  ...each,
  sizeBytes: 1_000_000,
  readOnly: true,
  description: "image file",
  state: "ready",
  detail: "It is read from the file.",
  reads: index + 1,
  readBytes: 4096 * (index + 1),
  aheadBytes: 0,
}));
const traffic = {
  readBlocks: (disk: string) => (disk === "kisroot" || disk === "e0.2" ? [[0, 1] as const] : []),
};

it.each([
  [
    "quiet root=overlay:nbd=10.86.0.1:kisroot ro",
    { kind: "nbd", export: "kisroot", requests: 1, blocks: [[0, 1]] },
  ],
  [
    "root=overlay:aoe=e0.2 rd.driver.post=aoe",
    { kind: "aoe", export: "data", requests: 2, blocks: [[0, 1]] },
  ],
  ["root=nbd:10.86.0.1:kisroot", { kind: "nbd", export: "kisroot" }],
  ["root=nbd:10.86.0.1:kisroot:squashfs:ro", { kind: "nbd", export: "kisroot" }],
  ["root=/dev/sda1 root=nbd:10.86.0.1:data", { kind: "nbd", export: "data", blocks: [] }],
])("of %j", (append, expected) => {
  expect(rootReads(append, { exports }, traffic)).toMatchObject(expected);
});

it.each(["", "root=/dev/sda1", "root=overlay:nbd=10.86.0.1:wrongname", "root=overlay:aoe=e0.9"])(
  "has nothing to say of %j",
  (append) => {
    expect(rootReads(append, { exports }, traffic)).toBeUndefined();
  },
);
