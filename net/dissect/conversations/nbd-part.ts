/** What the messages of an NBD connection are, in the order in which they come. */
export type NbdMessageKind =
  | "greeting"
  | "client-flags"
  | "option"
  | "option-reply"
  /** What answers NBD_OPT_EXPORT_NAME: it has no header. */
  | "export"
  | "request"
  | "simple-reply"
  | "structured-reply";

/** The request that a reply answers. */
export interface NbdRequested {
  readonly command: number;
  readonly offset: bigint;
  readonly length: number;
  readonly number: number;
  readonly timeMs: number;
}

/** A message of NBD that ends in a frame. */
export interface NbdPart {
  readonly kind: NbdMessageKind;
  /** The message without its payload: what there is to read. */
  readonly head: Uint8Array;
  /** Of the whole message, payload included. */
  readonly lengthBytes: number;
  /** Which of its bytes lie in this frame, and where: bytes `from` up to, without, `to` begin at `frameOffset`. */
  readonly from: number;
  readonly to: number;
  readonly frameOffset: number;
  /** The frame with its first byte, and how many carry it. */
  readonly firstNumber: number;
  readonly frames: number;
  /** Of a reply, where the request was seen. */
  readonly requested?: NbdRequested;
}
