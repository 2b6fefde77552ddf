/** Philox4x32-10 (Salmon et al. 2011): random words from a counter and a key, in any order. */
import { SIMD } from "./philox-simd.ts";

const ROUNDS = 10;
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Blocks that the WebAssembly below makes at a time, and how many its memory has room for. */
const LANES = 4;
const ROOM = 2 ** 12;

/** The part of the engine's WebAssembly that is used here, as no library of types is shared by all platforms. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly fill: (
        end: number,
        low: number,
        high: number,
        stream: number,
        key0: number,
        key1: number,
      ) => void;
    };
  };
};

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

/** Fills `out`, a multiple of four words long, with the blocks from `first` on. */
export function philoxBlocks(
  out: Uint32Array,
  first: number,
  stream: number,
  key0: number,
  key1: number,
): void {
  const blocks = out.length / 4;
  if (blocks === 0) return;
  const low = first % 2 ** 32;
  const high = Math.floor(first / 2 ** 32);
  // A carry from one word of the counter to the next, once in 2^34 words, is for one block at a time.
  if (simd !== undefined && blocks >= LANES && low + blocks <= 2 ** 32) {
    for (let at = 0; at < blocks; at += ROOM) {
      const count = Math.min(ROOM, blocks - at);
      simd.fill(16 * count, low + at, high, stream, key0, key1);
      out.set(count === ROOM ? simd.words : simd.words.subarray(0, 4 * count), 4 * at);
    }
    return;
  }
  const block = new Uint32Array(4);
  for (let at = 0; at < blocks; at++) {
    philox(block, first + at, stream, key0, key1);
    out.set(block, 4 * at);
  }
}

/** `philox.wat`; undefined where the engine has no WebAssembly with SIMD, or may not use it. */
const simd = load();

/** Whether blocks are made four at a time, several times as fast. */
export const isVectorised = simd !== undefined;

function load() {
  try {
    const bytes = Uint8Array.from(SIMD.match(/../g)!, (byte) => Number.parseInt(byte, 16));
    const { fill, memory } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
    return { fill, words: new Uint32Array(memory.buffer) };
  } catch {
    return undefined;
  }
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
