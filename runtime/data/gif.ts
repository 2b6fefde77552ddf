/** Whether a GIF file holds its first frame whole: on one that does not, the decoder may never end. */

/**
 * Walks the blocks up to the first frame (GIF89a, §§ 18–26) and counts the pixels that its LZW codes stand for
 * (appendix F), without making them. False where a code is one that can't come next, where the pixels are not as
 * many as the frame's, or where it lies outside the picture. Throws `RangeError` where the file ends too early.
 */
export function hasWholeFrame(view: DataView): boolean {
  let at = 13 + paletteLength(view.getUint8(10));
  while (view.getUint8(at) === 0x21) at = endOfBlocks(view, at + 2);
  if (view.getUint8(at) !== 0x2c) return false;

  const width = view.getUint16(at + 5, true);
  const height = view.getUint16(at + 7, true);
  const fits =
    view.getUint16(at + 1, true) + width <= view.getUint16(6, true) &&
    view.getUint16(at + 3, true) + height <= view.getUint16(8, true);
  at += 10 + paletteLength(view.getUint8(at + 9));
  const codeBits = view.getUint8(at);
  return (
    fits && codeBits >= 2 && codeBits <= 8 && hasPixels(blockBytes(view, at + 1), codeBits, width * height)
  );
}

/** The bytes of the colour table that a field of flags announces. */
function paletteLength(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

function endOfBlocks(view: DataView, start: number): number {
  let at = start;
  while (view.getUint8(at) !== 0) at += 1 + view.getUint8(at);
  return at + 1;
}

function* blockBytes(view: DataView, start: number): Generator<number> {
  for (let at = start; view.getUint8(at) !== 0; ) {
    const end = at + 1 + view.getUint8(at);
    for (at++; at < end; at++) yield view.getUint8(at);
  }
}

/** Whether LZW codes from these bytes stand for `count` pixels; of each code it keeps for how many. */
function hasPixels(bytes: Iterable<number>, rootBits: number, count: number): boolean {
  const clear = 1 << rootBits;
  const lengths = new Uint16Array(4096).fill(1, 0, clear);
  let next = clear + 2;
  let width = rootBits + 1;
  let previous = -1;
  let pixels = 0;
  for (const code of codes(bytes, () => width)) {
    if (code === clear) {
      next = clear + 2;
      width = rootBits + 1;
      previous = -1;
      continue;
    }
    if (code === clear + 1) break;
    if (code > (previous < 0 ? clear - 1 : next)) return false;
    if (previous >= 0 && next < 4096) {
      lengths[next++] = lengths[previous]! + 1;
      if (next === 1 << width && width < 12) width++;
    }
    pixels += lengths[code]!;
    if (pixels > count) return false;
    previous = code;
  }
  return pixels === count;
}

/** Codes of `width()` bits each, the lowest bits first. */
function* codes(bytes: Iterable<number>, width: () => number): Generator<number> {
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits |= byte << held;
    held += 8;
    while (held >= width()) {
      const size = width();
      const code = bits & ((1 << size) - 1);
      bits >>>= size;
      held -= size;
      yield code;
    }
  }
}
