/** Pictures in and out, by worker threads of their own: neither the event loop nor a model waits for them. */
import { Piscina } from "piscina";
import type { Images } from "../../../src/data/images.ts";
import { dimensionsOf } from "../../data/dimensions.ts";
import { scriptBeside } from "../../host/child.ts";
import { clientGone, ServiceError, unavailable } from "../error.ts";
import type { ImageForm } from "./facts.ts";
import type { DecodeTask, DrawTask, Outcome } from "./picture-worker.ts";

/** How long one picture may take, in milliseconds: some files are made to take for ever. */
const TIMEOUT = 30_000;
/** Threads that decode and draw at most. */
const THREADS = 2;
/** How long a thread waits for the next picture, in milliseconds. */
const IDLE = 10_000;
/** Pictures that wait at most. */
const QUEUE = 1024;
/** Pixels of a side at most, as of a JPEG: a PNG's decoder makes objects for each row, and all there may be took more than `HEAP`. */
const SIDE = 2 ** 16 - 1;
/** Pictures of the largest size that a request may bring: many together keep the threads from others. */
const LARGE = 8;
/** Megabytes of a thread's heap: what a picture of as many pixels as are taken needs, and more. */
const HEAP = 1024;

export class Pictures {
  readonly #pool: Piscina;
  readonly #maxPixels: number;
  readonly #timeout: number;
  /** Pictures that wait or are under way. */
  #open = 0;

  /**
   * @param maxPixels of a picture that is taken
   * @param timeout milliseconds that one waits at most until it is begun
   */
  constructor(maxPixels: number, timeout: number) {
    this.#maxPixels = maxPixels;
    this.#timeout = timeout;
    const { path, execArgv } = scriptBeside(import.meta.url, "picture-worker");
    this.#pool = new Piscina({
      filename: path,
      minThreads: 0,
      maxThreads: THREADS,
      // What a large picture took is given back with the thread.
      idleTimeout: IDLE,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
      ...(execArgv && { execArgv }),
    });
    // A thread that ends while it does nothing is replaced: there is nobody to tell.
    this.#pool.on("error", () => {});
  }

  /**
   * The bytes `[count, channels, height, width]` of a request's PNGs and JPEGs, resized and turned to the channels of a
   * model. Throws a `ServiceError`: 415 where one is neither, 413 where one or all together have too many pixels, 400
   * where one is damaged, 503 where too many wait, or one too long.
   */
  async decode(pictures: readonly Uint8Array[], form: ImageForm, signal: AbortSignal): Promise<Uint8Array> {
    const { channels, height, width } = form;
    if (channels !== 1 && channels !== 3)
      throw new ServiceError(
        415,
        `the model's images have ${channels} channels, which no picture has: send pixels`,
      );
    const places = pictures.map((_, i) => (pictures.length === 1 ? "the image" : `image ${i + 1}`));
    this.#requireSizes(pictures, places);
    const size = channels * height * width;
    const data = new Uint8Array(pictures.length * size);
    let next = 0;
    const decodeNext = async () => {
      const i = next++;
      const task: DecodeTask = {
        bytes: pictures[i]!,
        place: places[i]!,
        form: { channels, size: { width, height } },
      };
      const outcome = await this.#run<Outcome<Uint8Array>>("decode", task, places[i]!, signal);
      if ("refused" in outcome) throw new ServiceError(400, outcome.refused);
      data.set(outcome.value, i * size);
    };
    // No more of a request wait than may be decoded at once: others come in between, and a wrong one ends the rest.
    const lane = async () => {
      try {
        while (next < pictures.length) await decodeNext();
      } finally {
        next = pictures.length;
      }
    };
    await Promise.all(Array.from({ length: THREADS }, lane));
    return data;
  }

  /** A PNG: of one image as it is, of several a sheet with so many beside each other. */
  async draw({ image, data }: Images, columns: number, signal: AbortSignal): Promise<Buffer> {
    const task: DrawTask = { image, data, columns };
    return Buffer.from(await this.#run<Uint8Array>("draw", task, "the picture", signal));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #requireSizes(pictures: readonly Uint8Array[], places: readonly string[]): void {
    const pixels = pictures.reduce((sum, bytes, i) => sum + this.#pixelsOf(bytes, places[i]!), 0);
    if (pixels > LARGE * this.#maxPixels)
      throw new ServiceError(
        413,
        `the images have ${pixels} pixels together, and at most ${LARGE * this.#maxPixels} are taken at once`,
      );
  }

  /** Reads the header: whatever follows it is not looked at here. */
  #pixelsOf(bytes: Uint8Array, place: string): number {
    if (bytes.length === 0) damaged(`${place}: is empty`);
    const isPng = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);
    const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
    if (!isPng && !isJpeg) throw new ServiceError(415, `${place}: is neither a PNG nor a JPEG`);
    const size = dimensionsOf(bytes) ?? damaged(`${place}: is damaged or cut short`);
    const { width, height } = size;
    if (width === 0 || height === 0) damaged(`${place}: is damaged: it is ${width}×${height} pixels`);
    if (Math.max(width, height) > SIDE)
      throw new ServiceError(
        413,
        `${place}: is too large: ${width}×${height} pixels, and at most ${SIDE} a side are taken`,
      );
    if (width * height > this.#maxPixels)
      throw new ServiceError(
        413,
        `${place}: is too large: ${width}×${height} pixels, and at most ${this.#maxPixels} are taken`,
      );
    return width * height;
  }

  async #run<T>(name: string, task: unknown, place: string, signal: AbortSignal): Promise<T> {
    // Piscina's own limit is not heard where tasks have a signal.
    if (this.#open >= QUEUE) throw unavailable(`too many pictures wait (${QUEUE}): try again later`);
    this.#open++;
    const ended = new AbortController();
    const since = Date.now();
    const begun = new Float64Array(new SharedArrayBuffer(8));
    // To end one that is under way would end its thread: to start another takes longer than most pictures do.
    const gone = () => begun[0] === 0 && ended.abort();
    signal.addEventListener("abort", gone);
    let late: ServiceError | undefined;
    // What it waits for others is not its own fault: for the picture only the time since the thread took it counts.
    const look = () => {
      const left = (begun[0]! > 0 ? begun[0]! + TIMEOUT : since + this.#timeout) - Date.now();
      if (left > 0) timer = setTimeout(look, Math.min(left, TIMEOUT));
      else {
        const fault = new ServiceError(400, `${place}: takes longer than ${TIMEOUT / 1000} s`);
        late =
          begun[0]! > 0 ? fault : unavailable(`no thread was free for ${place} within ${this.#timeout} ms`);
        ended.abort();
      }
    };
    let timer = setTimeout(look, Math.min(this.#timeout, TIMEOUT));
    try {
      signal.throwIfAborted();
      return await this.#pool.run({ task, begun }, { name, signal: ended.signal });
    } catch (error) {
      if (signal.aborted) throw clientGone();
      if (late !== undefined) throw late;
      if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY")
        throw new ServiceError(413, `${place}: takes too much memory`);
      throw error;
    } finally {
      this.#open--;
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
    }
  }
}

function damaged(message: string): never {
  throw new ServiceError(400, message);
}
