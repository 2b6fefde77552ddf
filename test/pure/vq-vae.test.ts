/** The VQ-VAE against its definition: which codes are chosen, what is lost, and where gradients go (van den Oord et al. 2017). */
import { expect, test } from "vitest";
import { describe } from "../../graphs/families.ts";
import { grad } from "../../src/autodiff/grad.ts";
import { reduceSum } from "../../src/ops/index.ts";
// biome-ignore format: one list of names
import {
  affine, computed, decoded, dot, type Feeds, mean, rowsOf, squaredDistance, sum,
} from "../support/instance.ts";

const beta = 0.25;
const model = describe({
  family: "vq-vae",
  image: { channels: 1, height: 4, width: 4 },
  filters: [2],
  kernel: 2,
  codes: 4,
  embedding: 3,
  commitment: beta,
});
const size = 2;
const places = [0, 1, 2, 3];
const parts = [0, 1, 2];

/** What the running statistics of the embedding's normalisation make of each of its channels: a factor and a shift. */
function normalizationOf(feeds: Feeds): { readonly factor: number; readonly shift: number }[] {
  const of = (name: string) => Array.from(feeds[`encoder.code.normalization.${name}`]!.data, Number);
  const [weight, bias, average, variance] = [of("weight"), of("bias"), of("running_mean"), of("running_var")];
  return weight!.map((scale, i) => {
    const factor = scale / Math.sqrt(variance![i]! + 1e-5);
    return { factor, shift: bias![i]! - factor * average![i]! };
  });
}

/** What the encoder puts out at each place of an image, by hand: a window without overlap, a rectifier, a dense layer. */
function wantedOf(feeds: Feeds, image: readonly number[]): number[][] {
  const bias = Array.from(feeds["encoder.conv.0.bias"]!.data, Number);
  return places.map((place) => {
    const corner = Math.floor(place / 2) * 8 + (place % 2) * 2;
    const seen = [0, 1, 4, 5].map((offset) => image[corner + offset]!);
    const features = rowsOf(feeds["encoder.conv.0.weight"]!).map((weight, i) =>
      Math.max(0, bias[i]! + dot(weight, seen)),
    );
    return affine(feeds, "encoder.code", features).map((value, i) => {
      const { factor, shift } = normalizationOf(feeds)[i]!;
      return factor * value + shift;
    });
  });
}

/** The values and gradients under test, and by hand each image's wanted vectors and the codes nearest to them. */
function trial(given: Feeds) {
  const { outputs, feeds } = computed(
    model,
    size,
    (of, batch, scope) => {
      const { reconstruction, kl } = of.terms(batch);
      const { details } = of.evaluate(batch, 1);
      const [bias, codebook] = ["encoder.code.bias", "codebook.weight"].map(
        (wanted) => scope.parameters.find(({ name }) => name === wanted)!.value,
      );
      const [lossByBias, lossByCodebook] = grad(reduceSum(reconstruction), [bias!, codebook!]);
      const [klByBias, klByCodebook] = grad(reduceSum(kl!), [bias!, codebook!]);
      return {
        ...of.encode(batch),
        ...{ reconstruction, kl: kl!, usage: details!.code_usage! },
        ...{ lossByBias: lossByBias!, lossByCodebook: lossByCodebook! },
        ...{ klByBias: klByBias!, klByCodebook: klByCodebook! },
      };
    },
    given,
  );
  const codebook = rowsOf(feeds["codebook.weight"]!);
  const wanted = rowsOf(feeds.image!).map((image) => wantedOf(feeds, image));
  const chosen = wanted.map((vectors) =>
    vectors.map((vector) => {
      const distances = codebook.map((code) => squaredDistance(code, vector));
      return distances.indexOf(Math.min(...distances));
    }),
  );
  return { outputs, feeds, codebook, wanted, chosen };
}

/** A codebook of which three codes are near to what is wanted in three places, so that more than one is chosen. */
const near = trial({}).wanted.flat();
const rows = [near[0]!, near[3]!, near[6]!].map((vector) => vector.map((value) => value + 1e-4));
const { outputs, feeds, codebook, wanted, chosen } = trial({
  "codebook.weight": { shape: [4, 3], data: [...rows, [9, 9, 9]].flat() },
});
/** As the decoder takes them: channel by channel. */
const codes = chosen.map((of) => parts.flatMap((part) => of.map((code) => codebook[code]![part]!)));
/** Every place's wanted vector, and the code that it got. */
const pairs = wanted.flatMap((vectors, i) =>
  vectors.map((vector, place) => ({ vector, code: chosen[i]![place]! })),
);

/** A bias before the normalisation moves what comes after it by as much. */
const factors = normalizationOf(feeds).map(({ factor }) => factor);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 6);
}

/** What is nearest to each code in the whole batch, towards which it is drawn a little, chosen or not. */
const revival = 0.1;
const attractors = codebook.map((code) => {
  const distances = wanted.flat().map((vector) => squaredDistance(code, vector));
  return wanted.flat()[distances.indexOf(Math.min(...distances))]!;
});

test("every place gets the nearest code, and not all the same", () => {
  expect(new Set(chosen.flat()).size).toBeGreaterThan(1);
  expectClose(outputs.code!.data, codes.flat());
  expectClose(
    outputs.usage!.data,
    chosen.flatMap((of) => codebook.map((_, code) => mean(of.map((used) => Number(used === code))))),
  );
});

test("the reconstruction is that of the codes; the rest is their distance, β times it again, and what strays", () => {
  const strayed = revival * sum(codebook.map((code, i) => squaredDistance(code, attractors[i]!)));
  const images = decoded(model, codes, feeds);
  expectClose(
    outputs.reconstruction!.data,
    rowsOf(feeds.image!).map((image, i) => squaredDistance(image, images[i]!)),
  );
  expectClose(
    outputs.kl!.data,
    wanted.map((vectors, i) => {
      const each = vectors.map((vector, at) => squaredDistance(vector, codebook[chosen[i]![at]!]!));
      return (1 + beta) * sum(each) + strayed;
    }),
  );
});

test("the decoder's gradient reaches the encoder as it is, and the codebook not at all", () => {
  const images = rowsOf(feeds.image!);
  const lossAt = (at: readonly number[][]) =>
    sum(decoded(model, at, feeds).map((image, i) => squaredDistance(image, images[i]!)));
  const h = 1e-5;
  const slope = (i: number, k: number) => {
    const moved = (by: number) => codes.with(i, codes[i]!.with(k, codes[i]![k]! + by));
    return (lossAt(moved(h)) - lossAt(moved(-h))) / (2 * h);
  };
  // A bias of the encoder's last layer moves one element of each place's vector.
  const expected = parts.map(
    (part) =>
      factors[part]! *
      sum(codes.flatMap((_, i) => places.map((place) => slope(i, part * places.length + place)))),
  );
  expectClose(outputs.lossByBias!.data, expected);
  expect(outputs.lossByCodebook!.data.every((value) => value === 0)).toBe(true);
});

test("codes are drawn to what chose them and to what is nearest, and the encoder to its codes by β", () => {
  const towards = codebook.map((row, code) =>
    row.map((value, part) => {
      const drawn = pairs
        .filter((pair) => pair.code === code)
        .map(({ vector }) => 2 * (value - vector[part]!));
      return sum(drawn) + size * revival * 2 * (value - attractors[code]![part]!);
    }),
  );
  expectClose(outputs.klByCodebook!.data, towards.flat());
  const committed = parts.map(
    (part) =>
      factors[part]! *
      sum(pairs.map(({ vector, code }) => 2 * beta * (vector[part]! - codebook[code]![part]!))),
  );
  expectClose(outputs.klByBias!.data, committed);
});
