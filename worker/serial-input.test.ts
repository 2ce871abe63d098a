import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SerialInput, type Uart } from "./serial-input.ts";

/** A UART with a FIFO of 16 bytes that loses what does not fit, as hardware does. */
class LossyUart implements Uart {
  readonly fifo: number[] = [];
  readonly read: number[] = [];
  lost = 0;

  room(): number {
    return 16 - this.fifo.length;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.fifo.length < 16) this.fifo.push(byte);
      else this.lost += 1;
    }
  }

  guestReads(count: number): void {
    this.read.push(...this.fifo.splice(0, count));
  }
}

describe("the serial input", () => {
  it("loses no byte of a paste, however slowly the guest reads", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 16 }), { minLength: 1, maxLength: 50 }),
        (pastes, reads) => {
          const uart = new LossyUart();
          const input = new SerialInput(uart);
          for (const paste of pastes) input.send(paste);
          for (let step = 0; input.queuedBytes > 0 || uart.fifo.length > 0; step++) {
            input.pump();
            // Now and then the guest reads for certain, so that it ends.
            uart.guestReads(step % 3 === 0 ? 5 : reads[step % reads.length]!);
          }
          expect(uart.lost).toBe(0);
          expect(uart.read).toEqual(pastes.flatMap((paste) => [...paste]));
        },
      ),
    );
  });

  it("refuses a paste that does not fit as a whole, and counts its bytes", () => {
    const uart = new LossyUart();
    const input = new SerialInput(uart, 10);
    input.send(new Uint8Array(8).fill(1));
    input.send(new Uint8Array(3).fill(2));
    expect(input.refusedBytes).toBe(3);
    input.pump();
    uart.guestReads(16);
    expect(uart.read).toEqual(Array(8).fill(1));
  });
});
