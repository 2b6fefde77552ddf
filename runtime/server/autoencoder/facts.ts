/** What a served model says of itself, read once for as long as it is loaded. */
import { z } from "zod";
import type { Feed } from "../../../graphs/batch.ts";
import { type Evaluation, evaluation } from "../../../graphs/evaluation.ts";
import { describe, factsOf, type ModelDescription, type ModelInput } from "../../../graphs/families.ts";
import type { ImageShape } from "../../../src/data/images.ts";
import { IsthmusError } from "../../../src/ir/error.ts";
import { type About, aboutMetadata } from "../../about.ts";
import { refuse } from "../error.ts";
import type { ServedModel } from "../model.ts";

/** The form that images have for a model: their shape, and the values of black and white. */
export interface ImageForm extends ImageShape {
  readonly range: readonly [black: number, white: number];
}

/** What there is to know of a model besides how to run it. */
export interface Facts extends About {
  readonly image: ImageForm | null;
  readonly description: ModelDescription | null;
  /** How many classes it may be told of; null where it is told none, or does not say. */
  readonly classCount: number | null;
}

const imageForm = z.object({
  channels: z.int(),
  height: z.int(),
  width: z.int(),
  layout: z.literal("NCHW"),
  range: z.tuple([z.number(), z.number()]),
});

const known = new WeakMap<ServedModel, Facts>();

/** What a model's file says; what it does not say of its images, its input or output `image` does. */
export function factsFor(model: ServedModel): Facts {
  const facts = known.get(model) ?? read(model);
  known.set(model, facts);
  return facts;
}

function read(model: ServedModel): Facts {
  const about = aboutMetadata(model.metadata, model.name);
  const description = descriptionIn(about);
  const conditional = description !== null && "classes" in description ? description.classes : undefined;
  return {
    ...about,
    image: imageIn(model),
    description,
    classCount: conditional ?? about.classes?.length ?? null,
  };
}

function imageIn({ metadata, inputs, outputs }: ServedModel): ImageForm | null {
  const said = metadata["isthmus.image"];
  if (said !== undefined) return imageForm.parse(JSON.parse(said));
  const port = [...inputs, ...outputs].find(({ name }) => name === "image");
  const [, channels, height, width] = port?.shape ?? [];
  if (typeof channels !== "number" || typeof height !== "number" || typeof width !== "number") return null;
  return { channels, height, width, range: [0, 1] };
}

/** A model of another version's description is run as it is, and nothing more is known of it. */
function descriptionIn({ model }: About): ModelDescription | null {
  if (model === undefined) return null;
  try {
    return describe(model as ModelInput);
  } catch (error) {
    if (error instanceof IsthmusError) return null;
    throw error;
  }
}

/** The form of a model's images. Throws a 400 where it does not say. */
export function imageFormOf(model: ServedModel): ImageForm {
  return (
    factsFor(model).image ?? refuse(`${model.name} does not say of which size and channels its images are`)
  );
}

/** Whether codes drawn from a standard normal prior decode to something like the data; of a foreign model, who knows. */
export function hasPrior(model: ServedModel): boolean {
  const { description } = factsFor(model);
  return description === null || factsOf(description).hasPrior;
}

const evaluations = new WeakMap<ModelDescription, Evaluation>();

/** What an evaluation graph reads. Throws a 400 where the file does not say of what model it is. */
export function evaluationFeeds(model: ServedModel): readonly Feed[] {
  const { description } = factsFor(model);
  if (description === null) return refuse(`${model.name} does not say what model it evaluates`);
  const known = evaluations.get(description) ?? evaluation(description);
  evaluations.set(description, known);
  return known.feeds;
}
