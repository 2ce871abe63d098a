import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BootTrace, blockCountOf, MAX_TRACE_BLOCKS } from "./boot-trace.ts";
import { parseOffer, parseTraceReport, serializeOffer, serializeTraceReport } from "./offer.ts";

const block = fc.nat(2 ** 40);
const offered = fc.record({
  name: fc.string({ maxLength: 50 }),
  sizeBytes: fc.nat(Number.MAX_SAFE_INTEGER),
  readOnly: fc.boolean(),
  trace: fc.array(block, { maxLength: 50 }),
});
const offer = fc.record({
  server: fc.nat(0xffffffff),
  complete: fc.boolean(),
  exports: fc.uniqueArray(offered, { maxLength: 5, selector: ({ name }) => name }),
});

describe("an offer", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(offer, (one) => {
        expect(parseOffer(JSON.stringify(serializeOffer(one)))).toEqual(one);
      }),
    );
  });

  it("never throws, whatever the relay answers", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseOffer(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseOffer(text)));
  });

  const one = { name: "kisroot", sizeBytes: 1, readOnly: true, trace: [] };
  it.each([
    ["no address", { server: "10.86.0.256", complete: true, exports: [] }],
    ["a size below zero", { server: "10.86.0.1", complete: true, exports: [{ ...one, sizeBytes: -1 }] }],
    ["half a block", { server: "10.86.0.1", complete: true, exports: [{ ...one, trace: [0.5] }] }],
    [
      "an endless trace",
      { server: "10.86.0.1", complete: true, exports: [{ ...one, trace: Array(5000).fill(1) }] },
    ],
    ["one name twice", { server: "10.86.0.1", complete: true, exports: [one, one] }],
    ["no exports", { server: "10.86.0.1", complete: true }],
  ])("with %s is none", (_, value) => {
    expect(parseOffer(JSON.stringify({ server: "10.86.0.1", complete: true, exports: [one] }))).toBeDefined();
    expect(parseOffer(JSON.stringify(value))).toBeUndefined();
  });
});

describe("a trace report", () => {
  it("is read as it was written, and anything else is none", () => {
    const report = fc.record({ name: fc.string(), blocks: fc.array(block) });
    fc.assert(
      fc.property(report, (one) => {
        expect(parseTraceReport(serializeTraceReport(one))).toEqual(one);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseTraceReport(text)));
    expect(parseTraceReport('{"name":"x","blocks":[-1]}')).toBeUndefined();
    expect(parseTraceReport("{}")).toBeUndefined();
  });
});

describe("a boot trace", () => {
  it("has each block once, in the order of their first time", () => {
    const trace = new BootTrace();
    trace.add([3, 1, 3], 10);
    trace.add([1, 2], 10);
    expect(trace.list()).toEqual([3, 1, 2]);
  });

  it("is bounded, and leaves out what the export does not have", () => {
    const trace = new BootTrace();
    trace.add([blockCountOf(1)], 1);
    expect(trace.list()).toEqual([]);
    trace.add(
      Array.from({ length: MAX_TRACE_BLOCKS + 5 }, (_, index) => index),
      10_000,
    );
    expect(trace.list()).toHaveLength(MAX_TRACE_BLOCKS);
  });
});
