import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bearerOf,
  isToken,
  tokenOfAuthorization,
  tokenOfFragment,
  tokenOfSubprotocols,
  tokenSubprotocol,
} from "./token.ts";

const token = fc.stringMatching(/^[A-Za-z0-9_-]{16,256}$/);
/** Subprotocols of other makes. */
const others = fc.array(fc.stringMatching(/^[a-z]{1,9}\.v[0-9]$/), { maxLength: 4 });

it("travels among other subprotocols, and in a header", () => {
  fc.assert(
    fc.property(token, others, others, (token, before, after) => {
      const offered = [...before, tokenSubprotocol(token), ...after];
      expect(tokenOfSubprotocols(offered.join(", "))).toBe(token);
      expect(tokenOfSubprotocols(offered.join(","))).toBe(token);
      expect(tokenOfAuthorization(bearerOf(token))).toBe(token);
      expect(isToken(token)).toBe(true);
      expect(tokenOfFragment(new URL(`http://h/#a=b&token=${token}`).hash)).toBe(token);
    }),
  );
});

it("is absent where there is none, whatever the header says", () => {
  expect(tokenOfSubprotocols(undefined)).toBeUndefined();
  expect(tokenOfAuthorization(undefined)).toBeUndefined();
  expect(tokenOfAuthorization("Basic dXNlcjpwYXNz")).toBeUndefined();
  expect(tokenOfAuthorization("Bearer ")).toBeUndefined();
  expect(tokenOfAuthorization("Bearer a b")).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (header) => {
      if (!header.includes("netroot-token.")) expect(tokenOfSubprotocols(header)).toBeUndefined();
      tokenOfAuthorization(header);
    }),
  );
});

it("has at least 16 characters, all of base64url", () => {
  for (const text of [
    "",
    "short",
    "fifteen-letters",
    "with space in it",
    "a".repeat(257),
    "ümlaut-ümlaut-ümlaut",
    "0123456789abcdef\n",
  ]) {
    expect(isToken(text), text).toBe(false);
  }
});
