import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameStreamReader } from "./frame-stream.ts";

function stream(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.map((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return Buffer.concat([length, frame]);
    }),
  );
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
}

describe("the frame stream", () => {
  it("gives the same frames wherever it is split", () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60, size: "max" }), {
      maxLength: 12,
      size: "max",
    });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(1000), { maxLength: 20, size: "max" }), (sent, places) => {
        const received: Uint8Array[] = [];
        const reader = new FrameStreamReader(
          (frame) => received.push(Uint8Array.from(frame)),
          () => received.push(new Uint8Array(0)),
        );
        for (const chunk of cut(stream(sent), places)) expect(reader.push(chunk)).toBe(true);
        expect(received).toEqual(sent);
      }),
    );
  });

  it("gives the same frames a byte at a time, and takes a length of 0 for the sign that all is ready", () => {
    const heard: string[] = [];
    const reader = new FrameStreamReader(
      (frame) => heard.push(frame.join()),
      () => heard.push("ready"),
    );
    for (const octet of [0, 0, 0, 0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9]) reader.push(Uint8Array.of(octet));
    expect(heard).toEqual(["ready", "7,8", "9"]);
  });

  it("ends at a length that no frame has", () => {
    const reader = new FrameStreamReader(
      () => {},
      () => {},
    );
    expect(reader.push(Uint8Array.of(0, 1, 0, 1))).toBe(false);
  });
});
