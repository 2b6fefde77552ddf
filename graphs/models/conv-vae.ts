/** A variational autoencoder of strided convolutions, its decoder the encoder in reverse (Kingma & Welling 2014). */
import { z } from "zod";
import type { ImageShape } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { conv, convTranspose, type Window } from "../../src/nn/convolution.ts";
import { diagonalGaussian } from "../../src/nn/distribution.ts";
import { activated, type Layer, mlp } from "../../src/nn/layer.ts";
import { reshape } from "../../src/ops/index.ts";
import { activation, imageShape, initialiser, likelihood, size } from "../config.ts";
import { family } from "../model.ts";
import { likelihoodOf, rows, variational } from "../variational.ts";

/** Halves an image's height and width. */
const window: Window = { kernel: [4, 4], stride: [2, 2], padding: [1, 1] };

export const convVae = family({
  config: z.strictObject({
    family: z.literal("conv-vae"),
    image: imageShape,
    latent: size.default(20),
    /** Filters of the encoder's convolutions, each of which halves the image; the decoder has them in reverse. */
    filters: z.array(size).min(1).default([32, 64]),
    /** Widths of the dense layers between the convolutions and the code; the decoder has them in reverse. */
    hidden: z.array(size).default([256]),
    activation: activation.default("relu"),
    likelihood: likelihood.default({ kind: "bernoulli" }),
    initialiser: initialiser.default("pytorch"),
  }),
  summary: ({ image: { channels, height, width }, filters, hidden, latent }) =>
    [`${height}×${width}×${channels}`, ...filters.map((count) => `${count}c`), ...hidden, latent].join("-"),
  model: ({ image, filters, hidden, latent, ...config }, scope) => {
    const [encoder, decoder] = [scope.at("encoder"), scope.at("decoder")];
    const sizes = halvings(image, filters.length);
    const [height, width] = sizes.at(-1)!;
    const narrowest = filters.at(-1)!;

    const down = filters.map((count, i) => {
      const at = encoder.at("conv").at(String(i));
      return sequence(conv(at, count, window), activated(at, config.activation));
    });
    const up = filters
      .slice(0, -1)
      .toReversed()
      .map((count, i) => {
        const at = decoder.at("conv").at(String(i));
        return sequence(
          convTranspose(at, count, window, sizes.at(-2 - i)!),
          activated(at, config.activation),
        );
      });
    const output = convTranspose(decoder.at("output"), image.channels, window, sizes[0]!);
    const posterior = diagonalGaussian(encoder, latent);
    const pixelsAre = likelihoodOf(config.likelihood, decoder);
    const into = mlp(encoder, hidden, config.activation);
    const outOf = mlp(decoder, [...hidden.toReversed(), narrowest * height * width], config.activation);
    return variational({
      image,
      encode: (given) => posterior(into(rows(sequence(...down)(given)))),
      decode: (code) => {
        const small = reshape(outOf(code), [-1, narrowest, height, width]);
        return pixelsAre(rows(output(sequence(...up)(small))));
      },
    });
  },
});

function sequence(...layers: readonly Layer[]): Layer {
  return (x) => layers.reduce((h, layer) => layer(h), x);
}

/** Height and width of the image, and after each of so many convolutions. Throws where nothing would be left. */
function halvings({ height, width }: ImageShape, count: number): (readonly [number, number])[] {
  const sizes: (readonly [number, number])[] = [[height, width]];
  for (let i = 0; i < count; i++) {
    const [h, w] = sizes.at(-1)!;
    if (Math.min(h, w) < 2)
      fail("conv-vae", `a ${width}×${height} image can't be halved ${count} times: give fewer filters`);
    sizes.push([Math.floor(h / 2), Math.floor(w / 2)]);
  }
  return sizes;
}
