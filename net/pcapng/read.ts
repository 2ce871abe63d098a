import { decodeUtf8 } from "../nbd/text.ts";
import { BLOCK_FRAME_BYTES, BYTE_ORDER_MAGIC, blockOption, blockType, direction } from "./blocks.ts";
import type { CapturePacket } from "./write.ts";

/**
 * The packets of a file in little-endian byte order whose first interface counts microseconds, which is what
 * `serializeCaptureHeader` begins. `undefined` for anything else, and for a file that is cut off within a block.
 * The frames are views of `file`.
 */
export function parseCapture(file: Uint8Array): readonly CapturePacket[] | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packets: CapturePacket[] = [];
  let at = 0;
  while (at < file.length) {
    if (at + BLOCK_FRAME_BYTES > file.length) return undefined;
    const length = view.getUint32(at + 4, true);
    if (length < BLOCK_FRAME_BYTES || length % 4 !== 0 || at + length > file.length) return undefined;
    const type = view.getUint32(at, true);
    const body = file.subarray(at + 8, at + length - 4);
    if (at === 0 && !beginsSection(type, body)) return undefined;
    if (type === blockType.packet) {
      const packet = parsePacket(body);
      if (packet === undefined) return undefined;
      packets.push(packet);
    }
    at += length;
  }
  return at === 0 ? undefined : packets;
}

function beginsSection(type: number, body: Uint8Array): boolean {
  return (
    type === blockType.section && body.length >= 16 && viewOf(body).getUint32(0, true) === BYTE_ORDER_MAGIC
  );
}

function parsePacket(body: Uint8Array): CapturePacket | undefined {
  if (body.length < 20) return undefined;
  const view = viewOf(body);
  const time = (BigInt(view.getUint32(4, true)) << 32n) | BigInt(view.getUint32(8, true));
  const length = view.getUint32(12, true);
  const originalLength = view.getUint32(16, true);
  const optionsAt = 20 + ((length + 3) & ~3);
  if (optionsAt > body.length) return undefined;
  let flags = 0;
  let comment: string | undefined;
  let at = optionsAt;
  while (at + 4 <= body.length) {
    const code = view.getUint16(at, true);
    const bytes = view.getUint16(at + 2, true);
    if (code === blockOption.end || at + 4 + bytes > body.length) break;
    const value = body.subarray(at + 4, at + 4 + bytes);
    if (code === blockOption.flags && bytes === 4) flags = value[0]! & 3;
    if (code === blockOption.comment) comment = decodeUtf8(value);
    at += 4 + ((bytes + 3) & ~3);
  }
  return {
    epochMs: Number(time) / 1000,
    direction: flags === direction.outbound ? "out" : "in",
    bytes: body.subarray(20, 20 + length),
    ...(originalLength === length ? {} : { originalLength }),
    ...(comment === undefined ? {} : { comment }),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
