import type { ScreenPixels } from "../../worker/interface.ts";

/** What the machine shows in a graphic mode, pixel for pixel, to be drawn in whatever size there is room for. */
export class Picture {
  readonly #canvas = document.createElement("canvas");
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    const context = this.#canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("This browser draws on no canvas.");
    this.#context = context;
  }

  get width(): number {
    return this.#canvas.width;
  }

  get height(): number {
    return this.#canvas.height;
  }

  /** Returns whether the picture has another size now. */
  take({ screenWidth, screenHeight, x, y, width, pixels }: ScreenPixels): boolean {
    const resized = screenWidth !== this.width || screenHeight !== this.height;
    if (resized) {
      this.#canvas.width = screenWidth;
      this.#canvas.height = screenHeight;
    }
    if (pixels.length > 0) this.#context.putImageData(new ImageData(pixels, width), x, y);
    return resized;
  }

  clear(): void {
    this.#context.fillRect(0, 0, this.width, this.height);
  }

  /** As large as the canvas is; enlarged pixels keep their edges. */
  paint(context: CanvasRenderingContext2D): void {
    const { width, height } = context.canvas;
    context.imageSmoothingEnabled = width < this.width;
    context.drawImage(this.#canvas, 0, 0, width, height);
  }
}
