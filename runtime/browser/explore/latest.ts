/** Work that only its latest request is worth doing for. */

/**
 * `work`, one call at a time: what is asked for while it runs waits, and only the last of those is done. What it throws
 * goes to `onError`.
 */
export function latest<A extends readonly unknown[]>(
  work: (...asked: A) => Promise<void>,
  onError: (error: unknown) => void,
): (...asked: A) => void {
  let waiting: A | undefined;
  let isBusy = false;
  const next = async () => {
    isBusy = true;
    while (waiting !== undefined) {
      const asked = waiting;
      waiting = undefined;
      await work(...asked).catch(onError);
    }
    isBusy = false;
  };
  return (...asked) => {
    waiting = asked;
    if (!isBusy) void next();
  };
}
