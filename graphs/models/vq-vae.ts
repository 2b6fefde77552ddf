/** The VQ-VAE: every place of a small image is one of a few learned vectors (van den Oord et al. 2017). */
import { z } from "zod";
import { tensor } from "../../src/ir/tensor.ts";
import { constant } from "../../src/ir/value.ts";
import { type ConvWindow, conv } from "../../src/nn/convolution.ts";
import { batchNorm } from "../../src/nn/normalization.ts";
// biome-ignore format: one list of names
import {
  add, cast, equal, flatten, gather, mul, reduceMean, reduceSum, reshape, square, stopGradient, sub, transpose,
} from "../../src/ops/index.ts";
import type { Batch } from "../batch.ts";
import { imageShape, initialiser, size } from "../config.ts";
import { likelihoodOf, objectiveOf, reconstructionLoss } from "../likelihood.ts";
import { type Floats, family } from "../model.ts";
import { nearestOf } from "../nearest.ts";
import { downward, networks, rows, summaryOf, upward } from "../networks.ts";

const { hidden: _, decoder: __, ...convolutions } = networks;
/** Weight of what keeps codes alive, as the clustered codebooks of Zheng & Vedaldi (2023) do; small beside their own. */
const REVIVAL = 0.1;

const pixel: ConvWindow = { kernel: [1, 1], stride: [1, 1], padding: [0, 0] };

export const vqVae = family({
  config: z.strictObject({
    family: z.literal("vq-vae"),
    image: imageShape,
    ...convolutions,
    filters: z.array(size).min(1).default([32, 64]),
    initialiser: initialiser.default("pytorch"),
    /** Vectors in the codebook, and their length. */
    codes: size.default(256),
    embedding: size.default(8),
    /** β, the weight of what draws the encoder to the codes that it chose (eq. 3). */
    commitment: z.number().min(0).default(0.25),
    likelihood: reconstructionLoss.default({ kind: "squared-error", output: "sigmoid" }),
  }),
  summary: (config) => `${summaryOf({ ...config, hidden: [] })}-${config.codes}×${config.embedding}`,
  model: (config, scope) => {
    const { image, codes, embedding, commitment } = config;
    const { channels, height, width } = image;
    const [encoder, decoder] = [scope.at("encoder"), scope.at("decoder")];
    const down = downward(encoder, { ...config, hidden: [] });
    const up = upward(decoder, { ...config, hidden: [] });
    const [, h, w] = down.shape;
    const latent = embedding * h * w;
    const toEmbedding = conv(encoder.at("code"), embedding, pixel);
    // As far spread as the codes are: what ran away from them would leave most of them unused.
    const spread = batchNorm(encoder.at("code").at("normalization"));
    const fromEmbedding = conv(decoder.at("code"), up.shape[0], pixel);
    const pixelsAre = likelihoodOf(config.likelihood, decoder, channels);
    const codebook = () =>
      scope.at("codebook").parameter("weight", [codes, embedding], { kind: "normal", deviation: 1 });

    /** What the encoder puts out, one row a place; the codes that are nearest; and their positions in the codebook. */
    const quantise = (batch: Batch) => {
      const wanted = reshape(transpose(spread(toEmbedding(down.layer(batch.image))), [0, 2, 3, 1]), [
        -1,
        embedding,
      ]);
      const chosen = nearestOf(wanted, codebook());
      return { wanted, chosen, nearest: gather(codebook(), chosen) };
    };
    const asCode = (vectors: Floats) =>
      flatten(transpose(reshape(vectors, [-1, h, w, embedding]), [0, 3, 1, 2]));
    const likelihood = (code: Floats) =>
      pixelsAre(rows(up.layer(fromEmbedding(reshape(code, [-1, embedding, h, w])))));
    const measure = (batch: Batch) => {
      const { wanted, chosen, nearest } = quantise(batch);
      const through = add(wanted, stopGradient(sub(nearest, wanted)));
      const towards = square(sub(stopGradient(wanted), nearest));
      const committed = mul(square(sub(wanted, stopGradient(nearest))), commitment);
      const all = constant(
        tensor(
          "int64",
          [codes],
          BigInt64Array.from({ length: codes }, (_, i) => BigInt(i)),
        ),
      );
      const used = cast(equal(reshape(chosen, [-1, h * w, 1]), all), "float32");
      return {
        reconstruction: likelihood(asCode(through)).negativeLogProbability(rows(batch.image)),
        kl: reduceSum(asCode(add(towards, committed)), [-1]),
        details: { code_usage: reduceMean(used, [1]) },
        wanted,
      };
    };
    /** A code that nothing is near to would never move: each is drawn, a little, to what is nearest to it. */
    const revival = (wanted: Floats) => {
      const near = gather(stopGradient(wanted), nearestOf(codebook(), wanted));
      return mul(reduceSum(square(sub(codebook(), near))), REVIVAL);
    };
    return {
      latent,
      facts: { ...objectiveOf(config.likelihood), penalty: "distance to the codebook", hasPrior: false },
      encode: (batch) => ({ code: asCode(quantise(batch).nearest) }),
      decode: (code) => reshape(likelihood(code).mean, [0, channels, height, width]),
      terms: (batch) => {
        const { reconstruction, kl, wanted } = measure(batch);
        return { reconstruction, kl: add(kl, revival(wanted)) };
      },
      evaluate: (batch) => {
        const { reconstruction, kl, details } = measure(batch);
        return { reconstruction, kl, details };
      },
    };
  },
});
