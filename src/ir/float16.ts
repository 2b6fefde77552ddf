/** IEEE 754 binary16: 11 significant bits, magnitudes up to 65,504. JavaScript engines before 2025 have no array of them. */

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** The largest finite magnitude. */
export const LARGEST_HALF = 65_504;

/** The 16 bits of the number nearest to `x`, ties to even; infinite from 65,520 on. */
export function halfOf(x: number): number {
  value[0] = x;
  const [word = 0] = bits;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From here on the significand rounds up to the next power of two, which no exponent can say.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2⁻¹⁴ the steps are of 2⁻²⁴, whatever the number: adding ½ aligns a float32 to them, and rounds it.
  if (magnitude < 0x38800000) {
    value[0] = Math.abs(x) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const isOdd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + isOdd) >>> 13);
}

/** The number that 16 bits stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
