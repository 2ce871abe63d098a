import { expect, it } from "vitest";
import type { Internals, ScreenLayer, Vga } from "./internals.ts";
import { tapPixels } from "./pixels.ts";

/** A picture of 4 by 3 pixels in which each byte says where it is. */
function machine(layers: readonly ScreenLayer[], picture = true) {
  const asked: string[] = [];
  const screen = {} as Internals["screen_adapter"];
  const vga: Vga = {
    screen_width: 4,
    screen_height: 3,
    image_data: picture ? {} : null,
    screen_fill_buffer() {
      asked.push("fill");
      screen.update_buffer(layers);
    },
    complete_redraw: () => void asked.push("redraw"),
  };
  const take = tapPixels({ screen_adapter: screen, v86: { cpu: { devices: { vga } } } } as Internals);
  return { take, asked };
}
const image_data = { data: Uint8ClampedArray.from({ length: 48 }, (_, index) => index), width: 4 };
const whole: ScreenLayer = {
  image_data,
  ...{ screen_x: 0, screen_y: 0, buffer_x: 0, buffer_y: 0, buffer_width: 4, buffer_height: 3 },
};

it("hands over what changed, and the whole picture to who wants all", () => {
  const { take, asked } = machine([whole]);
  expect(take(false)).toEqual([
    { screenWidth: 4, screenHeight: 3, x: 0, y: 0, width: 4, pixels: image_data.data },
  ]);
  expect(take(false)[0]!.pixels).not.toBe(image_data.data);
  take(true);
  expect(asked).toEqual(["fill", "fill", "redraw", "fill"]);
});

it("cuts a part out of the rows it lies in", () => {
  const { take } = machine([
    { ...whole, screen_x: 2, screen_y: 1, buffer_x: 1, buffer_y: 1, buffer_width: 2, buffer_height: 2 },
  ]);
  const pixels = Uint8ClampedArray.of(20, 21, 22, 23, 24, 25, 26, 27, 36, 37, 38, 39, 40, 41, 42, 43);
  expect(take(false)).toMatchObject([{ x: 2, y: 1, width: 2, pixels }]);
});

it("leaves out what lies outside, and draws nothing where there is no picture", () => {
  const { take } = machine([{ ...whole, buffer_x: 3, buffer_y: 2, buffer_width: 9, buffer_height: 9 }]);
  expect(take(false)).toMatchObject([{ width: 1, pixels: Uint8ClampedArray.of(44, 45, 46, 47) }]);
  const none = machine([whole], false);
  expect([none.take(true), none.asked]).toEqual([[], []]);
});
