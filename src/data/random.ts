/** Seeded random numbers that depend on (seed, stream, position) alone, by Philox. */
import { philox, philoxBlocks } from "./philox.ts";

/** The largest float32 below 1. */
const BELOW_ONE = 1 - 2 ** -24;

/** Words on their way into numbers. */
const scratch = new Uint32Array(2 ** 12);

/**
 * A stream of random numbers. Two streams of one seed with different names are independent, and a position of a
 * stream can be reached without drawing what lies before it; so noise is the same wherever a run is resumed.
 */
export class Random {
  readonly #key0: number;
  readonly #key1: number;
  readonly #stream: number;
  #block = 0;
  #words = new Uint32Array(4);
  #used = 4;

  /**
   * @param seed an integer from 0 to 2^53 − 1
   * @param stream a name, such as `noise` or `init/encoder.mean.weight`
   * @param position where to begin, in blocks of four words of 32 bits
   */
  constructor(seed: number, stream: string, position = 0) {
    this.#key0 = seed >>> 0;
    this.#key1 = (Math.floor(seed / 2 ** 32) ^ hash(stream, 0x811c9dc5)) >>> 0;
    this.#stream = hash(stream, 0x01000193);
    this.#block = position;
  }

  /** A 32-bit unsigned integer. */
  uint32(): number {
    if (this.#used === 4) {
      philox(this.#words, this.#block++, this.#stream, this.#key0, this.#key1);
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** Uniform in [low, high), with 32 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 2 ** 32);
  }

  /** An integer from 0 to `limit` − 1, without bias (Lemire 2019 would save a division; this rejects). */
  integer(limit: number): number {
    const bound = 2 ** 32 - (2 ** 32 % limit);
    let word = this.uint32();
    while (word >= bound) word = this.uint32();
    return word % limit;
  }

  /** One standard normal number (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 2 ** 32));
    return radius * Math.cos((2 * Math.PI * this.uint32()) / 2 ** 32);
  }

  /** Fills `out` with standard normal numbers, two from each pair of words. */
  fillNormal(out: Float32Array): Float32Array {
    for (let start = 0; start < out.length; start += scratch.length) {
      const part = out.subarray(start, start + scratch.length);
      const words = this.#fill(scratch.subarray(0, part.length + (part.length % 2)));
      for (let i = 0; i < part.length; i += 2) {
        const radius = Math.sqrt(-2 * Math.log((words[i]! + 1) / 2 ** 32));
        const angle = (2 * Math.PI * words[i + 1]!) / 2 ** 32;
        part[i] = radius * Math.cos(angle);
        if (i + 1 < part.length) part[i + 1] = radius * Math.sin(angle);
      }
    }
    return out;
  }

  /** Fills `out` with numbers uniform in [low, high). */
  fillUniform(out: Float32Array, low: number, high: number): Float32Array {
    for (let start = 0; start < out.length; start += scratch.length) {
      const part = out.subarray(start, start + scratch.length);
      const words = this.#fill(scratch.subarray(0, part.length));
      for (let i = 0; i < part.length; i++) {
        // One of 2^25 would be rounded up to 1 in float32.
        const share = Math.min(words[i]! / 2 ** 32, BELOW_ONE);
        part[i] = low + (high - low) * share;
      }
    }
    return out;
  }

  /** The integers 0 … `length` − 1 in random order (Fisher & Yates). */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
    return order;
  }

  /** Fills `words` with the next ones: those left of the last block, whole blocks, and the first of another. */
  #fill(words: Uint32Array): Uint32Array {
    let at = 0;
    while (this.#used < 4 && at < words.length) words[at++] = this.uint32();
    const whole = words.subarray(at, words.length - ((words.length - at) % 4));
    philoxBlocks(whole, this.#block, this.#stream, this.#key0, this.#key1);
    this.#block += whole.length / 4;
    at += whole.length;
    while (at < words.length) words[at++] = this.uint32();
    return words;
  }
}

/** FNV-1a over the UTF-16 code units of a stream's name. */
function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
