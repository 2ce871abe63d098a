import { expect, test } from "vitest";
import { tokenInAddress } from "./token-in-address.ts";

test.each([
  ["", { kind: "none" }],
  ["#", { kind: "none" }],
  ["#serial", { kind: "none" }],
  ["#token=0123456789abcdef", { kind: "token", token: "0123456789abcdef" }],
  ["#a=b&token=_-Z_-Z_-Z_-Z_-Z_-Z", { kind: "token", token: "_-Z_-Z_-Z_-Z_-Z_-Z" }],
  ["#token=", { kind: "malformed" }],
  ["#token=short", { kind: "malformed" }],
  ["#token=0123456789abcdef,x", { kind: "malformed" }],
  ["#token=0123456789abcdef%0d%0a", { kind: "malformed" }],
] as const)("the fragment %j", (fragment, expected) => {
  expect(tokenInAddress(fragment)).toEqual(expected);
});
