import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExportError } from "../export/export.ts";
import { PendingRequests } from "./pending-requests.ts";

const NONE = new Uint8Array(0);

/** A connection that notes what is sent on it: "read 0+10", "write 5+3", "flush". */
function connection() {
  const sent: { cookie: bigint; what: string; offset: number; bytes?: Uint8Array }[] = [];
  return {
    sent,
    whats: () => sent.map(({ what }) => what),
    cookieOf: (what: string) => sent.find((each) => each.what === what)!.cookie,
    read: (cookie: bigint, offset: number, length: number) =>
      void sent.push({ cookie, what: `read ${offset}+${length}`, offset }),
    write: (cookie: bigint, offset: number, bytes: Uint8Array) =>
      void sent.push({ cookie, what: `write ${offset}+${bytes.length}`, offset, bytes }),
    flush: (cookie: bigint) => void sent.push({ cookie, what: "flush", offset: 0 }),
  };
}

const read = (offset: number, length: number) => ({ kind: "read", offset, length }) as const;
const write = (offset: number, length: number) =>
  ({ kind: "write", offset, bytes: new Uint8Array(length) }) as const;

describe("pending requests", () => {
  it("wait for a connection, and are sent in the order in which they came", () => {
    const pending = new PendingRequests(10);
    void pending.add(read(0, 10));
    void pending.add({ kind: "flush" });
    const first = connection();
    pending.attach(first);
    void pending.add(write(5, 3));
    expect(first.whats()).toEqual(["read 0+10", "flush", "write 5+3"]);
  });

  it("are repeated on the next connection, but for those that were answered", async () => {
    const pending = new PendingRequests(10);
    const first = connection();
    pending.attach(first);
    const one = pending.add(read(0, 1));
    const other = pending.add(read(1, 1));
    pending.settle(first.cookieOf("read 0+1"), undefined, Uint8Array.of(7));
    pending.detach();
    void pending.add(read(2, 1));
    expect(first.whats()).toEqual(["read 0+1", "read 1+1"]);
    const second = connection();
    pending.attach(second);
    expect(second.whats()).toEqual(["read 1+1", "read 2+1"]);
    pending.settle(second.cookieOf("read 1+1"), undefined, Uint8Array.of(8));
    expect([await one, await other]).toEqual([Uint8Array.of(7), Uint8Array.of(8)]);
    expect(pending.size).toBe(1);
  });

  it("fail with the server's error, each for itself", async () => {
    const pending = new PendingRequests(10);
    const there = connection();
    pending.attach(there);
    const one = pending.add(read(0, 1));
    const other = pending.add(read(1, 1));
    const error = new ExportError("EIO", "broken");
    pending.settle(there.cookieOf("read 0+1"), error, NONE);
    pending.settle(there.cookieOf("read 1+1"), undefined, Uint8Array.of(1));
    await expect(one).rejects.toBe(error);
    expect(await other).toEqual(Uint8Array.of(1));
  });

  it("hear nothing of an answer that comes twice or was never asked for", () => {
    const pending = new PendingRequests(10);
    const there = connection();
    pending.attach(there);
    void pending.add(read(0, 1));
    pending.settle(there.sent[0]!.cookie, undefined, NONE);
    pending.settle(there.sent[0]!.cookie, new ExportError("EIO", "late"), NONE);
    pending.settle(4711n, undefined, NONE);
    expect(pending.size).toBe(0);
  });

  it("are refused above the bound, and counted; below it there is room again", async () => {
    const pending = new PendingRequests(2);
    const there = connection();
    pending.attach(there);
    const one = pending.add(read(0, 1));
    void pending.add(read(1, 1));
    await expect(pending.add(read(2, 1))).rejects.toMatchObject({ code: "EIO" });
    expect([pending.size, pending.refused]).toEqual([2, 1]);
    pending.settle(there.cookieOf("read 0+1"), undefined, Uint8Array.of(1));
    await one;
    void pending.add(read(3, 1));
    expect(there.whats()).toEqual(["read 0+1", "read 1+1", "read 3+1"]);
  });

  it("all fail together at the end", async () => {
    const pending = new PendingRequests(10);
    const all = [pending.add(read(0, 1)), pending.add(write(0, 1)), pending.add(write(0, 1))];
    const error = new ExportError("ESHUTDOWN", "over");
    pending.failAll(error);
    for (const each of all) await expect(each).rejects.toBe(error);
    const later = connection();
    pending.attach(later);
    expect([pending.size, later.sent]).toEqual([0, []]);
  });
});

describe("writes to the same bytes", () => {
  it("go out one after another; reads, flushes and other writes do not wait", async () => {
    const pending = new PendingRequests(10);
    const there = connection();
    pending.attach(there);
    void pending.add(write(0, 10));
    const broken = pending.add(write(5, 10));
    void pending.add(write(12, 10));
    void pending.add(write(30, 10));
    void pending.add(read(0, 50));
    void pending.add({ kind: "flush" });
    expect(there.whats()).toEqual(["write 0+10", "write 30+10", "read 0+50", "flush"]);
    pending.settle(there.cookieOf("write 0+10"), undefined, NONE);
    expect(there.whats().slice(4)).toEqual(["write 5+10"]);
    pending.settle(there.cookieOf("write 5+10"), new ExportError("EIO", "broken"), NONE);
    await expect(broken).rejects.toMatchObject({ code: "EIO" });
    expect(there.whats().slice(5)).toEqual(["write 12+10"]);
  });

  it("that only touch do not wait", () => {
    const pending = new PendingRequests(10);
    const there = connection();
    pending.attach(there);
    void pending.add(write(0, 10));
    void pending.add(write(10, 10));
    expect(there.whats()).toEqual(["write 0+10", "write 10+10"]);
  });

  it("end as if they had been made one by one, wherever connections break and in whatever order a server works", () => {
    const length = 24;
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ at: fc.nat(length - 1), count: fc.integer({ min: 1, max: 8 }) }) },
      { weight: 4, arbitrary: fc.record({ answer: fc.nat(), lost: fc.constant(false) }) },
      { weight: 2, arbitrary: fc.record({ answer: fc.nat(), lost: fc.constant(true) }) },
      { weight: 1, arbitrary: fc.constant("break" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const pending = new PendingRequests(1000);
        const disk = new Uint8Array(length);
        const expected = new Uint8Array(length);
        let there = connection();
        pending.attach(there);
        let value = 0;
        /** Carries a request out; the answer may get lost with the connection. */
        const serve = (index: number, isLost: boolean) => {
          if (there.sent.length === 0) return;
          const [request] = there.sent.splice(index % there.sent.length, 1);
          disk.set(request!.bytes!, request!.offset);
          if (!isLost) pending.settle(request!.cookie, undefined, NONE);
          else there = reconnect();
        };
        const reconnect = () => {
          const next = connection();
          pending.detach();
          pending.attach(next);
          return next;
        };
        for (const each of steps) {
          if (each === "break") there = reconnect();
          else if ("answer" in each) serve(each.answer, each.lost);
          else {
            value += 1;
            const bytes = new Uint8Array(Math.min(each.count, length - each.at)).fill(value);
            expected.set(bytes, each.at);
            void pending.add({ kind: "write", offset: each.at, bytes });
          }
        }
        while (pending.size > 0) serve(0, false);
        expect(disk).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
