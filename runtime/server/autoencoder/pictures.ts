/** Pictures in and out, by worker threads of their own: neither the event loop nor a model waits for them. */
import { Piscina } from "piscina";
import type { Images } from "../../../src/data/images.ts";
import { dimensionsOf } from "../../data/dimensions.ts";
import { scriptBeside } from "../../host/child.ts";
import { ServiceError, unavailable } from "../error.ts";
import type { ImageForm } from "./facts.ts";
import type { DecodeTask, DrawTask, Outcome } from "./picture-worker.ts";

/** How long one picture may take, in milliseconds: some files are made to take for ever. */
const TIMEOUT = 30_000;
/** How long a thread waits for the next picture, in milliseconds. */
const IDLE = 10_000;
/** Pictures that wait at most. */
const QUEUE = 1024;
/** Megabytes of a thread's heap: what a picture of as many pixels as are taken needs, and more. */
const HEAP = 1024;

export class Pictures {
  readonly #pool: Piscina;
  readonly #maxPixels: number;

  /** @param maxPixels of a picture that is taken */
  constructor(maxPixels: number) {
    this.#maxPixels = maxPixels;
    const { path, execArgv } = scriptBeside(import.meta.url, "picture-worker");
    this.#pool = new Piscina({
      filename: path,
      minThreads: 0,
      maxThreads: 2,
      // What a large picture took is given back with the thread.
      idleTimeout: IDLE,
      maxQueue: QUEUE,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
      ...(execArgv && { execArgv }),
    });
    // A thread that ends while it does nothing is replaced: there is nobody to tell.
    this.#pool.on("error", () => {});
  }

  /**
   * The bytes `[channels, height, width]` of a PNG or JPEG, resized and turned to the channels of a model. Throws a
   * `ServiceError`: 415 where it is neither, 413 where it has too many pixels, 400 where it is damaged, 503 where too
   * many wait.
   * @param place what it is called in an error
   */
  async decode(bytes: Uint8Array, place: string, form: ImageForm, signal: AbortSignal): Promise<Uint8Array> {
    const { channels, height, width } = form;
    if (channels !== 1 && channels !== 3)
      throw new ServiceError(
        415,
        `the model's images have ${channels} channels, which no picture has: send pixels`,
      );
    this.#requireSize(bytes, place);
    const task: DecodeTask = { bytes, place, form: { channels, size: { width, height } } };
    const outcome = await this.#run<Outcome<Uint8Array>>("decode", task, place, signal);
    if ("refused" in outcome) throw new ServiceError(400, outcome.refused);
    return outcome.value;
  }

  /** A PNG: of one image as it is, of several a sheet with so many beside each other. */
  async draw({ image, data }: Images, columns: number, signal: AbortSignal): Promise<Buffer> {
    const task: DrawTask = { image, data, columns };
    return Buffer.from(await this.#run<Uint8Array>("draw", task, "the picture", signal));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Reads the header: whatever follows it is not looked at here. */
  #requireSize(bytes: Uint8Array, place: string): void {
    if (bytes.length === 0) damaged(`${place}: is empty`);
    const isPng = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);
    const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
    if (!isPng && !isJpeg) throw new ServiceError(415, `${place}: is neither a PNG nor a JPEG`);
    const size = dimensionsOf(bytes) ?? damaged(`${place}: is damaged or cut short`);
    const { width, height } = size;
    if (width === 0 || height === 0) damaged(`${place}: is damaged: it is ${width}×${height} pixels`);
    if (width * height > this.#maxPixels)
      throw new ServiceError(
        413,
        `${place}: is too large: ${width}×${height} pixels, and at most ${this.#maxPixels} are taken`,
      );
  }

  async #run<T>(name: string, task: unknown, place: string, signal: AbortSignal): Promise<T> {
    const ended = new AbortController();
    const gone = () => ended.abort();
    signal.addEventListener("abort", gone, { once: true });
    const begun = new Float64Array(new SharedArrayBuffer(8));
    let isLate = false;
    // What it waits for others is not its own fault: only the time since the thread took it counts.
    const look = () => {
      const left = begun[0] === 0 ? TIMEOUT : begun[0]! + TIMEOUT - Date.now();
      if (left > 0) timer = setTimeout(look, left);
      else {
        isLate = true;
        ended.abort();
      }
    };
    let timer = setTimeout(look, TIMEOUT);
    try {
      signal.throwIfAborted();
      return await this.#pool.run({ task, begun }, { name, signal: ended.signal });
    } catch (error) {
      if (signal.aborted) throw new ServiceError(499, "the client went away");
      if (isLate) throw new ServiceError(400, `${place}: takes longer than ${TIMEOUT / 1000} s`);
      if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY")
        throw new ServiceError(413, `${place}: takes too much memory`);
      if ((error as Error).message === "Task queue is at limit")
        throw unavailable(`too many pictures wait (${QUEUE}): try again later`);
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
    }
  }
}

function damaged(message: string): never {
  throw new ServiceError(400, message);
}
