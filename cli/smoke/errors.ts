import type { EXIT } from "../command.ts";

/** Why no verdict on the image can be given: the caller's mistake (exit 2), or something of ours or of this machine (99). */
export class SmokeError extends Error {
  readonly kind: Extract<keyof typeof EXIT, "usage" | "infrastructure">;
  /** @param message one sentence for a person */
  constructor(kind: SmokeError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SmokeError";
    this.kind = kind;
  }
}
