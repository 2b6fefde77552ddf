/** Seeded random numbers that depend on (seed, stream, position) alone: Philox4x32-10 (Salmon et al. 2011). */

const ROUNDS = 10;
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The largest float32 below 1. */
const BELOW_ONE = 1 - 2 ** -24;

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

  /** @param seed an integer from 0 to 2^53 − 1  @param stream a name, such as `noise` or `init/encoder.mean.weight` */
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
    for (let i = 0; i < out.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 2 ** 32));
      const angle = (2 * Math.PI * this.uint32()) / 2 ** 32;
      out[i] = radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  }

  /** Fills `out` with numbers uniform in [low, high). */
  fillUniform(out: Float32Array, low: number, high: number): Float32Array {
    for (let i = 0; i < out.length; i++) {
      // One of 2^25 would be rounded up to 1 in float32.
      const share = Math.min(this.uint32() / 2 ** 32, BELOW_ONE);
      out[i] = low + (high - low) * share;
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
}

/** One Philox4x32-10 block: four words from a 128-bit counter (block in words 0 and 1, stream in word 2) and a key. */
export function philox(out: Uint32Array, block: number, stream: number, key0: number, key1: number): void {
  let c0 = block >>> 0;
  let c1 = Math.floor(block / 2 ** 32) >>> 0;
  let c2 = stream >>> 0;
  let c3 = 0;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = Math.imul(M0, c0);
    const high0 = multiplyHigh(M0, c0);
    const low1 = Math.imul(M1, c2);
    const high1 = multiplyHigh(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const carry = (Math.imul(aLow, bHigh) >>> 0) + (cross & 0xffff);
  return (Math.imul(aHigh, bHigh) + (cross >>> 16) + (carry >>> 16)) | 0;
}

/** FNV-1a over the UTF-16 code units of a stream's name. */
function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
