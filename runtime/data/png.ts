/** PNG files that hold far more than they say. */
import { inflateSync } from "node:zlib";
import { fail } from "../../src/ir/error.ts";

/** Bytes before the first chunk, and of a chunk besides its data. */
const SIGNATURE = 8;
const CHUNK = 12;

/** Where the header says that the pixels are interlaced, and the bytes that one of them takes at most. */
const INTERLACE = 28;
const PIXEL = 8;

/** The types of chunks, as their four letters read. */
const IHDR = 0x49484452;
const IDAT = 0x49444154;

/**
 * Throws where the pixels of an interlaced PNG inflate to more than its size holds: its decoder has no such limit of
 * its own, as it has for others, so that a megabyte would take gigabytes.
 */
export function requireNoBomb(bytes: Uint8Array, place: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length <= INTERLACE || view.getUint16(0) !== 0x8950) return;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const parts: Uint8Array[] = [];
  let headers = 0;
  for (let at = SIGNATURE; at + CHUNK <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === IHDR) headers++;
    if (type === IDAT) parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += CHUNK + length;
  }
  // The decoder would go by the last one.
  if (headers > 1) fail(place, "is damaged: it has more than one header");
  if (bytes[INTERLACE] === 0) return;
  // Each row of each of the seven passes has one byte besides its pixels.
  const most = PIXEL * width * height + 2 * height + SIGNATURE;
  try {
    inflateSync(Buffer.concat(parts), { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      fail(place, "is damaged: it holds more pixels than its size");
    // The decoder knows better what else is wrong.
  }
}
