/** Whose turn it is: calls that must not overlap, the event loop, and what is to be released whatever happens. */

export type Turn = <T>(call: () => Promise<T>) => Promise<T>;

/** A queue: each call begins when the one before it has ended, well or not. */
export function inTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = last.then(call, call);
    last = next.catch(() => {});
    return next;
  };
}

/** Releases all, the last first, even where one fails; throws the first failure at the end. */
export async function releaseAll(releases: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const release of releases.toReversed()) {
    try {
      await release();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** What `open` returns; where it fails, all that it has handed to its argument is released. */
export async function openAll<T>(open: (releases: (() => Promise<void> | void)[]) => Promise<T>): Promise<T> {
  const releases: (() => Promise<void> | void)[] = [];
  try {
    return await open(releases);
  } catch (error) {
    // The first error is the one that says what is wrong.
    await releaseAll(releases).catch(() => {});
    throw error;
  }
}

/** Lets whatever waits for the event loop have its turn; a browser would make a nested timeout wait 4 ms. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    if ("setImmediate" in globalThis) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
