/** What a server's memory does under load, as its own metrics tell. */
import { median } from "../rounds.ts";

/** MiB, resident. */
export interface Memory {
  /** The median of the first and of the last fifth of the samples. */
  readonly first: number;
  readonly last: number;
  readonly most: number;
}

/** Asks for the server's memory every two seconds while `load` lasts; the first tenth, while it grows warm, is left out. */
export async function watchMemory(port: number, load: Promise<unknown>): Promise<Memory> {
  const samples: number[] = [];
  let isOver = false;
  void load.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    samples.push(await residentOf(port));
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  const warm = samples.slice(Math.floor(samples.length / 10));
  const fifth = Math.ceil(warm.length / 5);
  const [first, last] = [median(warm.slice(0, fifth)), median(warm.slice(-fifth))];
  return { first: Math.round(first), last: Math.round(last), most: Math.round(Math.max(...warm)) };
}

async function residentOf(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 2 ** 20;
}
