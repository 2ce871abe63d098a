import { describe, expect, it } from "vitest";
import { ExportError } from "../export/export.ts";
import { Command, NbdError } from "./constants.ts";
import { concat, settle } from "./testing/recorded-stream.ts";
import { attached, contentAt, NONE, replies, request, SIZE } from "./testing/session.ts";

describe("a client, in the transmission", () => {
  it.each([
    ["a read beyond the end", request(Command.read, 1, SIZE - 1, 2), NbdError.EINVAL],
    ["a read far beyond the end", request(Command.read, 1, 2n ** 63n, 512), NbdError.EINVAL],
    ["a read that is too long", request(Command.read, 1, 0, 0xffffffff), NbdError.EINVAL],
    ["a flag that was not offered", request(Command.read, 1, 0, 512, 1 << 2), NbdError.EINVAL],
    ["TRIM", request(Command.trim, 1, 0, 512), NbdError.EINVAL],
    ["WRITE_ZEROES", request(Command.writeZeroes, 1, 0, 0xffffffff), NbdError.EINVAL],
    ["a command of the future", request(4711, 1, 0, 512), NbdError.EINVAL],
    [
      "a write to a read-only export",
      concat(request(Command.write, 1, 0, 4), Uint8Array.of(1, 2, 3, 4)),
      NbdError.EPERM,
    ],
  ])("is refused %s, and may go on", async (_, bytes, error) => {
    const { stream, send, counters } = attached();
    send(bytes, request(Command.read, 2, 0, 3));
    await settle();
    expect(replies(stream, { 2: 3 })).toEqual([
      [1, error, NONE],
      [2, 0, contentAt(0, 3)],
    ]);
    expect(counters).toMatchObject({ requests: 2, errors: 1, malformed: 0 });
  });

  it("keeps no payload that it will refuse", async () => {
    const { stream, send } = attached();
    send(request(Command.write, 1, 0, 32 * 1024 * 1024));
    await settle();
    expect(replies(stream)).toEqual([[1, NbdError.EPERM, NONE]]);
    const piece = new Uint8Array(1024 * 1024);
    for (let count = 0; count < 32; count += 1) send(piece);
    send(request(Command.read, 2, 0, 3));
    await settle();
    expect(replies(stream, { 2: 3 })).toEqual([[2, 0, contentAt(0, 3)]]);
  });

  it("reads nothing for a read of more than 32 MiB", async () => {
    let reads = 0;
    const { stream, send } = attached({
      sizeBytes: 2 ** 40,
      read: async (_, length) => {
        reads += 1;
        return new Uint8Array(length);
      },
    });
    send(request(Command.read, 1, 0, 32 * 1024 * 1024 + 1));
    await settle();
    expect([reads, replies(stream)]).toEqual([0, [[1, NbdError.EINVAL, NONE]]]);
  });

  it.each([
    ["something that is no request", new Uint8Array(28)],
    ["a payload of more than 32 MiB", request(Command.write, 1, 0, 32 * 1024 * 1024 + 1)],
  ])("is reset when it sends %s", (_, bytes) => {
    const { stream, send, counters } = attached();
    send(bytes);
    expect(stream.state).toBe("aborted");
    expect(counters.malformed).toBe(1);
  });

  it("writes, flushes, and flushes after a write that asks for it", async () => {
    const log: string[] = [];
    const { stream, send } = attached({
      readOnly: false,
      write: async (offset, bytes) => void log.push(`write ${offset}: ${bytes}`),
      flush: async () => void log.push("flush"),
    });
    send(request(Command.write, 1, 100, 3), Uint8Array.of(1, 2, 3));
    await settle();
    send(request(Command.flush, 2, 0, 0));
    await settle();
    send(request(Command.write, 3, 200, 1, 1), Uint8Array.of(9));
    await settle();
    expect(log).toEqual(["write 100: 1,2,3", "flush", "write 200: 9", "flush"]);
    expect(replies(stream).map(([cookie, error]) => [cookie, error])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  it.each([
    ["EIO", new ExportError("EIO", "broken"), NbdError.EIO],
    ["ENOSPC", new ExportError("ENOSPC", "full"), NbdError.ENOSPC],
    ["ESHUTDOWN", new ExportError("ESHUTDOWN", "away"), NbdError.ESHUTDOWN],
    ["anything else as EIO", new RangeError("a fault of ours"), NbdError.EIO],
  ])("passes on errors of the export: %s", async (_, error, number) => {
    const { stream, send } = attached({ read: () => Promise.reject(error) });
    send(request(Command.read, 1, 0, 512));
    await settle();
    expect(replies(stream)).toEqual([[1, number, NONE]]);
  });

  it("answers in the order in which the answers come", async () => {
    const pending: (() => void)[] = [];
    const { stream, send } = attached({
      read: (offset, length) =>
        new Promise((resolve) => pending.push(() => resolve(contentAt(offset, length)))),
    });
    send(request(Command.read, 1, 0, 4), request(Command.read, 2, 4, 4));
    await settle();
    pending[1]!();
    await settle();
    pending[0]!();
    await settle();
    expect(replies(stream, { 1: 4, 2: 4 })).toEqual([
      [2, 0, contentAt(4, 4)],
      [1, 0, contentAt(0, 4)],
    ]);
  });

  it.each([
    ["64 requests", 100, 512, 64],
    ["8 MiB", 20, 1024 * 1024, 8],
  ])("has at most %s under way, and reads on when answers went out", async (_, count, length, limit) => {
    const pending: (() => void)[] = [];
    const { stream, send } = attached({
      sizeBytes: 32 * 1024 * 1024,
      read: () => new Promise((resolve) => pending.push(() => resolve(new Uint8Array(length)))),
    });
    send(...Array.from({ length: count }, (_, index) => request(Command.read, index, 0, length)));
    await settle();
    expect([pending.length, stream.paused]).toEqual([limit, true]);
    pending[0]!();
    await settle();
    expect(pending.length).toBe(limit + 1);
    for (let index = 1; index < count; index += 1) {
      pending[index]!();
      await settle();
    }
    expect(stream.paused).toBe(false);
    const lengths = Object.fromEntries(Array.from({ length: count }, (_, index) => [index, length]));
    expect(replies(stream, lengths)).toHaveLength(count);
  });

  it("reads nothing more from the disk while its answers are not read", async () => {
    let reads = 0;
    const { stream, send, session } = attached({
      read: async (_, length) => {
        reads += 1;
        return new Uint8Array(length);
      },
    });
    stream.full = true;
    send(request(Command.read, 1, 0, 512));
    await settle();
    send(request(Command.read, 2, 0, 512), request(Command.read, 3, 0, 512));
    await settle();
    expect([reads, stream.paused]).toEqual([1, true]);
    stream.full = false;
    session.drained();
    await settle();
    expect([reads, stream.paused]).toEqual([3, false]);
  });

  it.each([
    ["DISC", (one: ReturnType<typeof attached>) => one.send(request(Command.disconnect, 0, 0, 0))],
    ["a half-close", (one: ReturnType<typeof attached>) => one.session.end()],
  ])("answers what is under way before it ends, after %s", async (_, leave) => {
    const pending: (() => void)[] = [];
    const one = attached({
      read: (offset, length) =>
        new Promise((resolve) => pending.push(() => resolve(contentAt(offset, length)))),
    });
    // More than may be under way: some are not even taken yet when the client leaves.
    one.send(...Array.from({ length: 70 }, (_, index) => request(Command.read, index, 0, 4)));
    leave(one);
    expect(one.stream.state).toBe("open");
    for (let index = 0; index < 70; index += 1) {
      await settle();
      pending[index]!();
    }
    await settle();
    expect(one.stream.state).toBe("ended");
    const lengths = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [index, 4]));
    expect(replies(one.stream, lengths)).toHaveLength(70);
  });

  it("drops answers to a client that is gone", async () => {
    let answer: (bytes: Uint8Array) => void = () => {};
    const { stream, send, session, counters } = attached({
      read: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    send(request(Command.read, 1, 0, 4));
    await settle();
    expect(counters.openSessions).toBe(1);
    session.closed("reset");
    answer(new Uint8Array(4));
    await settle();
    expect(stream.written.length).toBe(0);
    expect(counters.openSessions).toBe(0);
  });
});
