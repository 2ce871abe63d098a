import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { ByteStream } from "../../net/stream/stream.ts";
import { StreamDuplex } from "./stream-duplex.ts";

/** A stream that notes what is asked of it; its queue is full after each write. */
function setUp() {
  const calls: string[] = [];
  const stream: ByteStream = {
    write: (bytes) => {
      calls.push(`write ${bytes.length}`);
      return false;
    },
    end: () => calls.push("end"),
    abort: () => calls.push("abort"),
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
  };
  return { calls, duplex: new StreamDuplex(stream) };
}

describe("a guest's connection as a Node stream", () => {
  it("writes on when the guest has taken what was written", () => {
    const { calls, duplex } = setUp();
    duplex.write("abc");
    duplex.write("de");
    duplex.end();
    expect(calls).toEqual(["write 3"]);
    duplex.handler.drained();
    expect(calls).toEqual(["write 3", "write 2"]);
    duplex.handler.drained();
    expect(calls).toEqual(["write 3", "write 2", "end"]);
  });

  it("slows the guest down when nobody reads", () => {
    const { calls, duplex } = setUp();
    duplex.handler.data(new Uint8Array(duplex.readableHighWaterMark));
    expect(calls).toEqual(["pause"]);
    duplex.read();
    expect(calls).toEqual(["pause", "resume"]);
  });

  it("resets the guest when it is destroyed, unless all was sent", async () => {
    const broken = setUp();
    broken.duplex.write("abc");
    broken.duplex.destroy();
    expect(broken.calls).toEqual(["write 3", "abort"]);
    const whole = setUp();
    whole.duplex.end();
    await once(whole.duplex, "finish");
    whole.duplex.destroy();
    expect(whole.calls).toEqual(["end"]);
  });

  it("is over when the guest is gone, and lets go of who waits", async () => {
    const { calls, duplex } = setUp();
    const written = new Promise((resolve) => duplex.write("abc", resolve));
    const failed = once(duplex, "error");
    duplex.handler.closed("reset");
    await written;
    expect((await failed)[0]).toMatchObject({ message: "The guest's connection is over: reset." });
    expect(duplex.destroyed).toBe(true);
    duplex.handler.data(new Uint8Array(1));
    duplex.handler.end();
    expect(calls).toEqual(["write 3"]);
  });

  it("tells that nothing has happened for a while", async () => {
    const { duplex } = setUp();
    duplex.setTimeout(1);
    await once(duplex, "timeout");
    duplex.destroy();
  });
});
