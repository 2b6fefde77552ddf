/** From strokes to pixels: every pixel is as bright as it lies deep inside the line, with a soft edge. */
import type { Dot } from "./pen.ts";

/** The width of the edge, in pixels, over which the line fades from white to black. */
const EDGE = 1.3;

/**
 * Draws the strokes, white on black, into `out` (`side` × `side` bytes, row-major, zero before). Between two dots the
 * line's radius changes evenly; where strokes cross, the brighter one counts.
 */
export function rasterize(strokes: readonly (readonly Dot[])[], side: number, out: Uint8Array): void {
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) drawSegment(stroke[i - 1]!, stroke[i]!, side, out);
  }
}

function drawSegment(a: Dot, b: Dot, side: number, out: Uint8Array): void {
  const reach = Math.max(a.radius, b.radius) + EDGE / 2;
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - reach));
  const right = Math.min(side - 1, Math.floor(Math.max(a.x, b.x) + reach));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - reach));
  const bottom = Math.min(side - 1, Math.floor(Math.max(a.y, b.y) + reach));
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const squared = dx * dx + dy * dy || 1;
  for (let row = top; row <= bottom; row++) {
    const y = row + 0.5 - a.y;
    for (let column = left; column <= right; column++) {
      const x = column + 0.5 - a.x;
      const t = Math.min(1, Math.max(0, (x * dx + y * dy) / squared));
      const distance = Math.sqrt((x - t * dx) ** 2 + (y - t * dy) ** 2);
      const depth = a.radius + t * (b.radius - a.radius) - distance;
      const value = brightness(depth / EDGE + 0.5);
      const pixel = row * side + column;
      if (value > out[pixel]!) out[pixel] = value;
    }
  }
}

/** 0 to 255 for a share of 0 to 1 of the way through the edge, with no crease at either end (smoothstep). */
function brightness(share: number): number {
  const s = Math.min(1, Math.max(0, share));
  return Math.round(255 * s * s * (3 - 2 * s));
}
