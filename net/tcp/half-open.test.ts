import fc from "fast-check";
import { expect, test } from "vitest";
import { TcpEndpoint } from "./endpoint.ts";
import { LEFT, Recorder, RIGHT, seededBytes } from "./simulated-link.ts";
import { ACK, NO_OPTIONS, parseSegment, RST, SYN, serializeSegment } from "./wire.ts";

const PORT = 10809;
const BOUNDS = { maxHalfOpen: 6, maxHalfOpenPerPeer: 3, maxFlows: 20, maxFlowsPerPeer: 8 };

const step = fc.record({
  what: fc.constantFrom("open", "open", "complete", "reset"),
  peer: fc.integer({ min: RIGHT, max: RIGHT + 3 }),
  port: fc.integer({ min: 1, max: 12 }),
});

test("whatever peers open, complete and reset, no bound is passed and nothing is left", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      /** Our initial sequence numbers, as the peers were told them. */
      const answers = new Map<string, number>();
      const established = new Map<string, Recorder>();
      const endpoint = new TcpEndpoint({
        clock: { now: () => 0 },
        random: seededBytes(1),
        settings: BOUNDS,
        output: {
          address: LEFT,
          mtu: 1500,
          send: (_protocol, to, length, fill) => {
            const bytes = new Uint8Array(length);
            fill(bytes, 0);
            const segment = parseSegment(bytes, LEFT, to);
            if (segment.kind === "malformed" || (segment.flags & (SYN | ACK)) !== (SYN | ACK)) return;
            answers.set(`${to}:${segment.destinationPort}`, segment.sequence);
          },
        },
      });
      endpoint.listen(PORT, (_, { address, port }) => {
        const recorder = new Recorder();
        established.set(`${address}:${port}`, recorder);
        return recorder;
      });
      const live = () => [...established].filter(([, recorder]) => recorder.reason === undefined);
      const { counters } = endpoint;
      for (const { what, peer, port } of steps) {
        const flags = { open: SYN, complete: ACK, reset: RST }[what];
        const segment = {
          sourcePort: port,
          destinationPort: PORT,
          sequence: flags === SYN ? 100 : 101,
          acknowledgment: flags === ACK ? (answers.get(`${peer}:${port}`) ?? 0) + 1 : 0,
          flags,
          window: 1000,
          options: NO_OPTIONS,
          payload: new Uint8Array(0),
        };
        endpoint.receive(peer, serializeSegment(segment, peer, LEFT));
        const open = live();
        const halfOpen = counters.flowsOpen - open.length;
        expect(halfOpen).toBeGreaterThanOrEqual(0);
        expect(halfOpen).toBeLessThanOrEqual(BOUNDS.maxHalfOpen);
        expect(counters.flowsOpen).toBeLessThanOrEqual(BOUNDS.maxFlows);
        for (let each = RIGHT; each <= RIGHT + 3; each++) {
          const ofPeer = open.filter(([name]) => name.startsWith(`${each}:`)).length;
          expect(ofPeer).toBeLessThanOrEqual(BOUNDS.maxFlowsPerPeer);
        }
      }
      endpoint.close();
      expect(counters.flowsOpen).toBe(0);
      expect(live()).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
