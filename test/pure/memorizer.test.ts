/** A decoder that holds its images: which code each is drawn from, and which one an image calls back. */
import { describe, expect, test } from "vitest";
import { describe as described, latentOf } from "../../graphs/families.ts";
import { computed, decoded, rowsOf, squaredDistance } from "../support/instance.ts";

const image = { channels: 1, height: 2, width: 3 };
const items = 4;
const one = [1, 0, 0, 0];
const oneHot = [0, 1, 2, 3].map((i) => one.map((_, k) => Number(i === k)));
const size = 3;
const position = { shape: [size], data: [2, 0, 2] };

describe.each(["one-hot", "learned"] as const)("with %s codes", (codes) => {
  const model = described({ family: "memorizer", image, hidden: [4], items, codes, latent: 2 });
  const { feeds, outputs } = computed(
    model,
    size,
    (of, batch) => ({ trained: of.terms(batch).reconstruction }),
    { position },
  );
  const table = codes === "one-hot" ? oneHot : rowsOf(feeds["codes.weight"]!);
  const held = decoded(model, table, feeds);
  const images = rowsOf(feeds.image!);

  test("codes are as long as is told", () => {
    expect(latentOf(model)).toBe(codes === "one-hot" ? items : 2);
  });

  test("an image is drawn from the code of its position", () => {
    for (const [i, at] of position.data.entries())
      expect(outputs.trained!.data[i]).toBeCloseTo(squaredDistance(held[at]!, images[i]!), 10);
  });

  test.each([
    ["any images", images],
    ["its own images, nearly", [3, 1, 0].map((at) => held[at]!.map((pixel) => pixel + 1e-3))],
  ])("%s call back the codes of the nearest", (title, shown) => {
    const given = { ...feeds, image: { ...feeds.image!, data: shown.flat() } };
    const recalled = computed(
      model,
      size,
      (of, batch) => ({ ...of.encode(batch), loss: of.evaluate(batch, 1).reconstruction }),
      given,
    ).outputs;
    const nearest = shown.map((pixels) => {
      const distances = held.map((of) => squaredDistance(of, pixels));
      return distances.indexOf(Math.min(...distances));
    });
    if (title !== "any images") expect(nearest).toEqual([3, 1, 0]);
    for (const [i, code] of rowsOf(recalled.code!).entries()) {
      expect(code).toEqual(table[nearest[i]!]);
      expect(recalled.loss!.data[i]).toBeCloseTo(squaredDistance(held[nearest[i]!]!, shown[i]!), 10);
    }
  });
});

test("one image alone can be drawn from ones, more can't", () => {
  const model = described({ family: "memorizer", image, items: 1, codes: "ones", latent: 2 });
  const { code } = computed(model, 2, (of, batch) => of.encode(batch)).outputs;
  expect(code!.data).toEqual([1, 1, 1, 1]);
  expect(() => described({ family: "memorizer", image, items: 2, codes: "ones" })).toThrow(
    "codes of ones tell no images apart, so there can be one only",
  );
});
