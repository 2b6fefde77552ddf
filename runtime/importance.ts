/** log p(x) of images under a variational model, by importance sampling. */
import type { Feed } from "../graphs/batch.ts";
import type { ModelDescription } from "../graphs/families.ts";
import { importance } from "../graphs/importance.ts";
import type { Images } from "../src/data/images.ts";
import { Ziggurat } from "../src/data/ziggurat.ts";
import { fail } from "../src/ir/error.ts";
import { bind, type Graph } from "../src/ir/graph.ts";
import { type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import { batchFeeds, streamsOf } from "./evaluate.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { rows } from "./models.ts";
import { Session } from "./session.ts";
import { releaseAll } from "./turn.ts";

/** Images whose posteriors are computed in a run. */
const BATCH = 500;

/** Draws a run: what a layer of 784 gives for them stays in a core's cache, and a run's own cost does not show. */
const CHUNK = 500;

/** How finely log p(x) is estimated, and where. */
export interface ImportanceOptions extends HostOptions {
  /** Draws of the code for each image; the more, the closer to log p(x) from below. Burda et al. (2016) take 5000. */
  readonly samples: number;
  /** Draws that go through the decoder at once. */
  readonly chunk?: number | undefined;
  /** Told after each image. */
  readonly onProgress?: ((progress: ImportanceProgress) => void) | undefined;
  /** Stops between two runs: the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How far an estimate has come. */
export interface ImportanceProgress {
  /** Images that are done, and how many there are. */
  readonly done: number;
  readonly images: number;
  readonly secondsLeft: number;
}

/** Estimates in nats per image. */
export interface LogLikelihood {
  /** −log p(x), on average over the images: an upper bound in expectation, and tight for many samples. */
  readonly nll: number;
  /** The standard error of that average over images; what the draws leave uncertain is in it. */
  readonly nllStandardError: number;
  /** The evidence lower bound, on average over the images and the same draws. */
  readonly elbo: number;
  readonly samples: number;
  /** log p(x) of each image. */
  readonly perImage: Float64Array;
}

/**
 * Estimates log p(x) ≈ log 1/k Σ p(x, z) / q(z | x) over k draws of z from the posterior of each image (Burda et al.
 * 2016, eq. 8). Pixels that the model draws black or white are drawn once an image, as `Evaluator` draws them. The same
 * weights, images and seed give the same numbers, whatever the chunks, to rounding; an image's first draws are the same
 * for any number of samples. Throws where the model has no such bound or there are no images.
 */
export async function logLikelihood(
  description: ModelDescription,
  parameters: Tensors,
  images: Images,
  seed: number,
  host: Host,
  { samples, chunk = CHUNK, onProgress, signal, ...at }: ImportanceOptions,
): Promise<LogLikelihood> {
  const subject = "importance samples";
  const graphs = importance(description);
  if (!Number.isInteger(samples) || samples < 1)
    fail(subject, `must be a whole number from 1, not ${samples}`);
  if (images.count === 0) fail(subject, "there are no images");
  const bound = (of: Graph) =>
    bind(
      of,
      Object.fromEntries(Object.entries(parameters).filter(([name]) => Object.hasOwn(of.inputs, name))),
    );
  const releases: (() => Promise<void>)[] = [];
  const open = async (of: Graph) => {
    const session = await Session.open(bound(of), host, at);
    releases.push(() => session.release());
    return session;
  };
  try {
    const posterior = await open(graphs.posterior);
    const weights = await open(graphs.weights);
    const perImage = new Float64Array(images.count);
    const bounds = new Float64Array(images.count);
    const begun = performance.now();
    for await (const [i, given] of posteriors(posterior, graphs.feeds, images, seed)) {
      const logWeights = await weigh(weights, given, new Ziggurat(seed, `importance/${i}`), {
        samples,
        chunk,
        signal,
      });
      perImage[i] = logMeanExp(logWeights);
      bounds[i] = mean(logWeights);
      const done = i + 1;
      const secondsLeft = ((performance.now() - begun) / 1000 / done) * (images.count - done);
      onProgress?.({ done, images: images.count, secondsLeft });
    }
    const average = mean(perImage);
    const variance = mean(perImage.map((value) => (value - average) ** 2));
    return {
      nll: -average,
      nllStandardError: Math.sqrt(variance / Math.max(1, images.count - 1)),
      elbo: mean(bounds),
      samples,
      perImage,
    };
  } finally {
    await releaseAll(releases);
  }
}

type Rows = Readonly<Record<string, Tensor<"float32">>>;

/** Each image's number with its row of every output of the first graph. */
async function* posteriors(
  session: Session,
  feeds: readonly Feed[],
  images: Images,
  seed: number,
): AsyncGenerator<[number, Rows]> {
  const streams = streamsOf(feeds, seed);
  for (let start = 0; start < images.count; start += BATCH) {
    const part = images.slice(start, start + BATCH);
    const known = (await session.run(batchFeeds(feeds, part, start, streams))) as Rows;
    for (let i = 0; i < part.count; i++) {
      const own = Object.entries(known).map(([name, of]) => [name, rows(of, i, i + 1)]);
      yield [start + i, Object.fromEntries(own)];
    }
  }
}

/** The log importance weights of so many draws for one image, chunk by chunk. */
async function weigh(
  session: Session,
  given: Rows,
  noise: Ziggurat,
  { samples, chunk, signal }: { samples: number; chunk: number; signal: AbortSignal | undefined },
): Promise<Float64Array> {
  const latent = given.mean!.data.length;
  const all = new Float64Array(samples);
  for (let start = 0; start < samples; start += chunk) {
    signal?.throwIfAborted();
    const draws = Math.min(chunk, samples - start);
    const drawn = tensor("float32", [draws, latent], noise.fill(new Float32Array(draws * latent)));
    const { log_weights } = await session.run({ ...given, noise: drawn });
    all.set((log_weights as Tensor<"float32">).data, start);
  }
  return all;
}

/** log (1/k Σ exp x), without overflow. */
function logMeanExp(x: Float64Array): number {
  const largest = x.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return largest + Math.log(mean(x.map((value) => Math.exp(value - largest))));
}

function mean(x: Float64Array): number {
  return x.reduce((total, value) => total + value, 0) / x.length;
}
