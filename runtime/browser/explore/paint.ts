/** Decoded pixels on a canvas: pictures as they are, a sound as its wave, a line of text as letters. */
import { linesOf } from "../../../src/data/text.ts";
import { tensor } from "../../../src/ir/tensor.ts";
import type { Opened } from "../inference/worker.ts";

/** What there is to know of items to draw them. */
export type Shown = Pick<Opened, "image" | "medium">;

/** How large one item is drawn, in pixels. */
export function tileOf({ image: [, height, width], medium }: Shown): {
  readonly width: number;
  readonly height: number;
} {
  if (medium.kind === "image") return { width, height };
  return medium.kind === "sound" ? { width: 128, height: 64 } : { width: 11 * width, height: 26 };
}

/** Items one after the other as rows of `columns` tiles; the canvas is made to fit. */
export function paint(canvas: HTMLCanvasElement, model: Shown, pixels: Float32Array, columns = 1): void {
  const tile = tileOf(model);
  const size = model.image.reduce((product, side) => product * side, 1);
  const count = pixels.length / size;
  const [width, height] = [columns * tile.width, Math.ceil(count / columns) * tile.height];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  const draw = drawings[model.medium.kind];
  for (let i = 0; i < count; i++) {
    const [x, y] = [(i % columns) * tile.width, Math.floor(i / columns) * tile.height];
    draw(context, model, pixels.subarray(i * size, (i + 1) * size), x, y);
  }
}

type Draw = (
  context: CanvasRenderingContext2D,
  model: Shown,
  pixels: Float32Array,
  x: number,
  y: number,
) => void;

const drawPicture: Draw = (context, { image: [channels, height, width] }, pixels, x, y) => {
  const picture = context.createImageData(width, height);
  const plane = height * width;
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++)
      // Uint8ClampedArray rounds and clamps.
      picture.data[4 * i + channel] = 255 * pixels[(channels === 3 ? channel * plane : 0) + i]!;
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, x, y);
};

const drawWave: Draw = (context, model, pixels, x, y) => {
  const { width, height } = tileOf(model);
  const { color } = getComputedStyle(context.canvas);
  context.clearRect(x, y, width, height);
  context.strokeStyle = color;
  context.beginPath();
  for (let i = 0; i < pixels.length; i++)
    context.lineTo(x + (i / pixels.length) * width, y + (1 - pixels[i]!) * height);
  context.stroke();
};

const drawText: Draw = (context, model, pixels, x, y) => {
  const { width, height } = tileOf(model);
  const { color, fontFamily } = getComputedStyle(context.canvas);
  context.clearRect(x, y, width, height);
  context.fillStyle = color;
  context.font = `17px ${fontFamily}`;
  context.fillText(textOf(model, pixels), x, y + height - 8, width);
};

const drawings: Readonly<Record<Opened["medium"]["kind"], Draw>> = {
  image: drawPicture,
  sound: drawWave,
  text: drawText,
};

/** What one decoded item says, where it is a line of text; else nothing. */
export function textOf({ medium, image }: Shown, pixels: Float32Array): string {
  return medium.kind === "text" ? linesOf(tensor("float32", [1, ...image], pixels), medium.alphabet)[0]! : "";
}
