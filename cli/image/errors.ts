/** Why an image could not be built or a tree not be laid out. The message is a sentence that says what to do. */
export type ImageErrorCode =
  | "unknown-description"
  | "tools-missing"
  | "no-mirror"
  | "no-privilege"
  | "kiwi-failed"
  | "incomplete-result"
  | "foreign-tree"
  | "interrupted";

export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ImageError";
    this.code = code;
  }
}
