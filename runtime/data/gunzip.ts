/** Unpacks gzip through the web-standard `DecompressionStream`, in Node and in browsers. */
import { fail } from "../../src/ir/error.ts";

/** The most bytes that are unpacked from one file: what one array can hold in every runtime. */
export const UNPACKED_LIMIT = 2 ** 32 - 1;

/** Whether the bytes begin as a gzip file does (RFC 1952 §2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The unpacked bytes of a gzip file.
 *
 * Throws, naming `place` (the file), where it is cut short or damaged or unpacks to more than `limit` bytes.
 */
export async function gunzip(
  bytes: Uint8Array,
  place: string,
  limit: number = UNPACKED_LIMIT,
): Promise<Uint8Array> {
  if (!isGzip(bytes)) fail(place, "is not a gzip file");
  const packed = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      return fail(place, `is a damaged gzip file (${reason})`);
    });
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      fail(place, `unpacks to more than ${limit} bytes`);
    }
    chunks.push(value);
  }

  const unpacked = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    unpacked.set(chunk, at);
    at += chunk.length;
  }
  return unpacked;
}
