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
      this.#events.fail(
        new Error(
          `${file.name || "what was dropped"}: is no image that this browser can read; a PNG or a JPEG will do`,
        ),
      );
      return;
    }
    const scale = this.#pad.width / Math.min(image.width, image.height);
    const [width, height] = [image.width * scale, image.height * scale];
    this.#clear();
    this.#context.imageSmoothingQuality = "high";
    this.#context.drawImage(
      image,
      (this.#pad.width - width) / 2,
      (this.#pad.height - height) / 2,
      width,
      height,
    );
    image.close();
    this.#isDrawing = false;
    this.#tell();
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
    Object.assign(this.#context, {
      strokeStyle: "#fff",
      lineCap: "round",
      lineJoin: "round",
      lineWidth: STROKE * this.#pad.width,
    });
    this.#context.beginPath();
    this.#draw(event);
  }

  #draw({ clientX, clientY }: PointerEvent): void {
    const { left, top, width, height } = this.#pad.getBoundingClientRect();
    this.#context.lineTo(
      ((clientX - left) / width) * this.#pad.width,
      ((clientY - top) / height) * this.#pad.height,
    );
    this.#context.stroke();
    this.#tell();
  }

  #tell(): void {
    if (this.#model?.canEncode) this.#events.change(pixelsOn(this.#pad, this.#model, this.#isDrawing));
  }
}

/** What is on the pad at the model's size; a drawing is brought to where MNIST has its digits. */
function pixelsOn(pad: HTMLCanvasElement, { image: [channels, height, width] }: Opened, isDrawing: boolean) {
  const small = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  small.fillRect(0, 0, width, height);
  small.imageSmoothingQuality = "high";
  const box = (isDrawing && inkOf(pad)) || { x: 0, y: 0, width: pad.width, height: pad.height, filled: 1 };
  const scale = box.filled * Math.min(width / box.width, height / box.height);
  const [w, h] = [box.width * scale, box.height * scale];
  small.drawImage(pad, box.x, box.y, box.width, box.height, (width - w) / 2, (height - h) / 2, w, h);
  const { data } = small.getImageData(0, 0, width, height);
  const plane = height * width;
  const pixels = new Float32Array(channels * plane);
  for (let i = 0; i < plane; i++) {
    const [red, green, blue] = [data[4 * i]! / 255, data[4 * i + 1]! / 255, data[4 * i + 2]! / 255];
    // ITU-R BT.601, as where the training images were made gray.
    if (channels === 1) pixels[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else for (const [c, value] of [red, green, blue].entries()) pixels[c * plane + i] = value;
  }
  return pixels;
}

/** The square around what was drawn; null where nothing was. */
function inkOf(pad: HTMLCanvasElement) {
  const { data } = pad.getContext("2d")!.getImageData(0, 0, pad.width, pad.height);
  let [left, top, right, bottom] = [pad.width, pad.height, -1, -1];
  for (let y = 0; y < pad.height; y++) {
    for (let x = 0; x < pad.width; x++) {
      if (data[4 * (y * pad.width + x)]! < 32) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  if (right < 0) return null;
  const side = Math.max(right - left, bottom - top, pad.width / 4) + 1;
  return {
    x: (left + right - side) / 2,
    y: (top + bottom - side) / 2,
    ...{ width: side, height: side, filled: FILLED },
  };
}
