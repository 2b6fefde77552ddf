/** The order of requests that are under way, against a plain array. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UnderWay, Waiting } from "../../runtime/server/waiting.ts";

const request = (since: number) =>
  new Waiting(
    { feeds: {}, rows: 1, key: null },
    since,
    0,
    () => {},
    () => {},
  );

test("requests under way are in the order in which they came, whichever are answered first", () => {
  const steps = fc.array(fc.oneof(fc.constant("comes"), fc.nat(20)));
  fc.assert(
    fc.property(steps, (steps) => {
      const underWay = new UnderWay();
      const expected: Waiting[] = [];
      for (const [since, step] of steps.entries()) {
        if (typeof step === "string") {
          const one = request(since);
          underWay.add(one);
          expected.push(one);
        } else {
          const [one] = expected.splice(step, 1);
          if (one === undefined) continue;
          expect(underWay.delete(one)).toBe(true);
          expect(underWay.delete(one)).toBe(false);
          // What was answered keeps no other in memory.
          expect(one).toMatchObject({ before: undefined, behind: undefined, isOpen: false });
        }
        expect([...underWay].map(({ since }) => since)).toEqual(expected.map(({ since }) => since));
        expect(underWay.oldest).toBe(expected[0]);
        expect(underWay.size).toBe(expected.length);
      }
    }),
  );
});

test("each request may be taken out when its turn comes", () => {
  const underWay = new UnderWay();
  for (let since = 0; since < 5; since++) underWay.add(request(since));
  for (const one of underWay) if (one.since !== 2) underWay.delete(one);
  expect([...underWay].map(({ since }) => since)).toEqual([2]);
});
