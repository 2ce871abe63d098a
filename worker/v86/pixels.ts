import type { ScreenPixels } from "../interface.ts";
import type { Internals, ScreenLayer } from "./internals.ts";

/**
 * What the VGA shows in a graphic mode. v86 draws only when it is asked to, and hands over what changed since it was asked last.
 * It draws into an `ImageData`: where there is none, as under Node, there are no pixels.
 * @returns called with `all` it gives the whole picture
 */
export function tapPixels({
  screen_adapter: screen,
  v86,
}: Internals): (all: boolean) => readonly ScreenPixels[] {
  let drawn: ScreenPixels[] = [];
  screen.update_buffer = (layers) => {
    const { screen_width: screenWidth, screen_height: screenHeight } = v86.cpu.devices.vga;
    for (const layer of layers) drawn.push({ screenWidth, screenHeight, ...partOf(layer) });
  };
  return (all) => {
    const { vga } = v86.cpu.devices;
    if (!vga.image_data) return [];
    if (all) vga.complete_redraw();
    drawn = [];
    vga.screen_fill_buffer();
    return drawn;
  };
}

/** A copy: v86 draws on in its own memory. What lies outside the picture is left out. */
function partOf(layer: ScreenLayer): Pick<ScreenPixels, "x" | "y" | "width" | "pixels"> {
  const { data, width: stride } = layer.image_data;
  const width = Math.max(0, Math.min(layer.buffer_width, stride - layer.buffer_x));
  const height = Math.max(
    0,
    Math.min(layer.buffer_height, Math.floor(data.length / 4 / stride) - layer.buffer_y),
  );
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row += 1) {
    const from = 4 * ((layer.buffer_y + row) * stride + layer.buffer_x);
    pixels.set(data.subarray(from, from + 4 * width), 4 * row * width);
  }
  return { x: layer.screen_x, y: layer.screen_y, width, pixels };
}
