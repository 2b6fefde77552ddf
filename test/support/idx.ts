/** Writes IDX files for tests, and folders that go away with the test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The bytes of a uint8 IDX file; `data` is as long as the shape says, unless a test wants it otherwise. */
export function idxBytes(shape: readonly number[], data: ArrayLike<number>): Uint8Array {
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.length);
  bytes.set([0, 0, 8, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [axis, dimension] of shape.entries()) view.setUint32(4 + 4 * axis, dimension);
  bytes.set(data, start);
  return bytes;
}

/** Bytes 0, 1, 2, … 255, 0, … */
export function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

/** An empty folder, removed when the running test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
