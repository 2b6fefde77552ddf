/** What the figures of a report are drawn from: a trained model, and what it makes of some test images. */
import { factsOf } from "../../graphs/families.ts";
import type { Facts } from "../../graphs/model.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Images } from "../../src/data/images.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { type Evaluated, Evaluator } from "../evaluate.ts";
import type { Host, HostOptions } from "../host/host.ts";
import { codeOf, type Decoder, type Encoder, type Floats, type Labels } from "../models.ts";
import type { RunConfig } from "../run-config.ts";
import type { EpochMetrics } from "../run-directory.ts";
import { type Gallery, galleryOf, nounOf } from "./gallery.ts";

/** As many test images as a picture of all their codes wants. */
const SHOWN = 2000;

/** A trained model, and where it runs. */
export interface Subject {
  readonly config: RunConfig;
  readonly metrics: readonly EpochMetrics[];
  readonly data: Dataset;
  readonly parameters: Tensors;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly host: Host;
  readonly at: HostOptions;
}

export interface Study extends Subject {
  readonly facts: Facts;
  readonly gallery: Gallery;
  /** What an image is called: `image`, `line`, `clip`. */
  readonly noun: string;
  /** The first of the test images, with their labels where there are any. */
  readonly shown: Images;
  /** Their codes `[count, latent]`. */
  readonly codes: Floats;
  /** What the model tells of itself besides its losses, over those images. */
  readonly details: Evaluated["details"];
  /** Codes to images; a conditional model is told the classes, the others don't look at them. */
  readonly decode: (codes: Floats, labels: Labels | null) => Promise<Floats>;
}

/** Encodes and measures the test images. */
export async function study(subject: Subject): Promise<Study> {
  const { config, data, parameters, encoder, decoder, host, at } = subject;
  const { seed, klWeight } = config.training;
  const shown = data.test.images.slice(0, SHOWN);
  const evaluator = await Evaluator.open(config.model, host, at);
  try {
    const { details } = await evaluator.evaluate(parameters, shown, { seed, klWeight });
    return {
      ...subject,
      facts: factsOf(config.model),
      gallery: galleryOf(data.medium, data.image.width),
      noun: nounOf(data.medium),
      shown,
      codes: codeOf(await encoder.encode(shown)),
      details,
      decode: (codes, labels) => decoder.decode(codes, labels),
    };
  } finally {
    await evaluator.release();
  }
}
