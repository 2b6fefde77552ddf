/** A pad to draw on, or to drop an image on, and what the encoder is given of it. */
import { button, canvas, element, field } from "../elements.ts";
import type { Opened } from "../inference/worker.ts";

/** How wide a stroke is, as a share of the pad: about two pixels of 28. */
const STROKE = 0.075;

/** How much of an image a drawing fills, as in MNIST: 20 pixels of 28 (LeCun et al. 1998). */
const FILLED = 20 / 28;

export interface PadEvents {
  /** Told of the pixels, `[channels, height, width]` in [0, 1], whenever they change. */
  readonly change: (pixels: Float32Array) => void;
  readonly fail: (error: unknown) => void;
}

export class Pad {
  readonly #pad = canvas("pad");
  readonly #context = this.#pad.getContext("2d", { willReadFrequently: true })!;
  readonly #events: PadEvents;
  #model: Opened | undefined;
  #isDrawing = false;

  constructor(events: PadEvents) {
    this.#events = events;
    this.#pad.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#pad.addEventListener("pointermove", (event) => {
      if (this.#pad.hasPointerCapture(event.pointerId)) this.#draw(event);
    });
    button("clear").addEventListener("click", () => this.#clear());
    button("open-image").addEventListener("click", () => field("image").click());
    field("image").addEventListener("change", () => {
      const [file] = field("image").files ?? [];
      if (file) void this.show(file);
      field("image").value = "";
    });
    this.#clear();
  }

  /** Is there for models that encode pictures. */
  offer(model: Opened): void {
    this.#model = model;
    element("pad-figure", HTMLElement).hidden = !model.canEncode || model.medium.kind !== "image";
    this.#clear();
  }

  /** Puts an image on the pad, filling it, and has it encoded. Reports what is no image. */
  async show(file: File): Promise<void> {
    const image = await createImageBitmap(file).catch(() => null);
    if (image === null) {
      const subject = file.name || "what was dropped";
      this.#events.fail(
        new Error(`${subject}: is no image that this browser can read; a PNG or a JPEG will do`),
      );
      return;
    }
    this.#clear();
    cover(this.#context, image);
    if (this.#model?.canEncode) {
      // Straight from the image: what is on the pad has been scaled once.
      const small = canvasOf(this.#model);
      cover(small, image);
      this.#events.change(pixelsIn(small, this.#model));
    }
    image.close();
  }

  #clear(): void {
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, 0, this.#pad.width, this.#pad.height);
    this.#isDrawing = false;
  }

  #begin(event: PointerEvent): void {
    this.#pad.setPointerCapture(event.pointerId);
    if (!this.#isDrawing) this.#clear();
    this.#isDrawing = true;
    const lineWidth = STROKE * this.#pad.width;
    const ink = { fillStyle: "#fff", strokeStyle: "#fff", lineCap: "round", lineJoin: "round", lineWidth };
    Object.assign(this.#context, ink);
    const [x, y] = this.#placeOf(event);
    // A line of no length is none: what a tap leaves is a dot.
    this.#context.beginPath();
    this.#context.arc(x, y, lineWidth / 2, 0, 2 * Math.PI);
    this.#context.fill();
    this.#context.beginPath();
    this.#context.moveTo(x, y);
    this.#tell();
  }

  #draw(event: PointerEvent): void {
    this.#context.lineTo(...this.#placeOf(event));
    this.#context.stroke();
    this.#tell();
  }

  /** Where on the pad that is. */
  #placeOf({ clientX, clientY }: PointerEvent): readonly [x: number, y: number] {
    const { left, top, width, height } = this.#pad.getBoundingClientRect();
    return [((clientX - left) / width) * this.#pad.width, ((clientY - top) / height) * this.#pad.height];
  }

  #tell(): void {
    const pixels = this.#model?.canEncode ? drawingOn(this.#pad, this.#model) : null;
    if (pixels !== null) this.#events.change(pixels);
  }
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A black canvas of the model's size. */
function canvasOf({ image: [, height, width] }: Opened): OffscreenCanvasRenderingContext2D {
  const small = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  small.fillRect(0, 0, width, height);
  return small;
}

/** Draws as much of the middle of an image as fills the canvas. */
function cover(context: Context, image: ImageBitmap): void {
  const { width, height } = context.canvas;
  const scale = Math.max(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
}

/** What is drawn at the model's size, where MNIST has its digits: 20 pixels of 28, its centre of mass in the middle; null where nothing is. */
function drawingOn(pad: HTMLCanvasElement, model: Opened): Float32Array | null {
  const ink = inkOf(pad);
  if (ink === null) return null;
  const small = canvasOf(model);
  const { width, height } = small.canvas;
  const scale = (FILLED * Math.min(width, height)) / ink.side;
  small.imageSmoothingQuality = "high";
  small.setTransform(scale, 0, 0, scale, width / 2 - ink.x * scale, height / 2 - ink.y * scale);
  small.drawImage(pad, 0, 0);
  return pixelsIn(small, model);
}

/** The pixels of a canvas, `[channels, height, width]` in [0, 1]. */
function pixelsIn(context: OffscreenCanvasRenderingContext2D, { image: [channels, height, width] }: Opened) {
  const { data } = context.getImageData(0, 0, width, height);
  const plane = height * width;
  const pixels = new Float32Array(channels * plane);
  for (let i = 0; i < plane; i++) {
    const colour = [data[4 * i]! / 255, data[4 * i + 1]! / 255, data[4 * i + 2]! / 255] as const;
    const [red, green, blue] = colour;
    // Luma of ITU-R BT.601 for models of gray images.
    if (channels === 1) pixels[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else for (let c = 0; c < channels; c++) pixels[c * plane + i] = colour[c] ?? 0;
  }
  return pixels;
}

/** The centre of mass of what was drawn, and the longer side of the box around it; a dot counts as a short stroke. */
function inkOf(
  pad: HTMLCanvasElement,
): { readonly x: number; readonly y: number; readonly side: number } | null {
  const { data } = pad.getContext("2d")!.getImageData(0, 0, pad.width, pad.height);
  let [left, top, right, bottom] = [pad.width, pad.height, -1, -1];
  let [mass, momentX, momentY] = [0, 0, 0];
  for (let y = 0; y < pad.height; y++) {
    for (let x = 0; x < pad.width; x++) {
      const value = data[4 * (y * pad.width + x)]!;
      if (value === 0) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      momentX += value * x;
      momentY += value * y;
    }
  }
  if (mass === 0) return null;
  const side = Math.max(right - left, bottom - top, pad.width / 4);
  return { x: momentX / mass, y: momentY / mass, side };
}
