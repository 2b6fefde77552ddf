/** What requests to these endpoints may say: what checks them also describes them in the OpenAPI document. */
import { z } from "zod";
import { parse } from "../../../graphs/config.ts";
import { IsthmusError } from "../../../src/ir/error.ts";
import { refuse, ServiceError } from "../error.ts";

const label = z.union([z.string(), z.int()]);

/** The class of all images or codes, or of each. */
const labels = z
  .union([label, z.array(label).min(1)])
  .optional()
  .meta({
    description: "Of a conditional model: a class by its name or number, one for all or one for each.",
  });

const pixels = z.array(z.unknown()).min(1).optional().meta({
  description:
    "Images as numbers in the model's range, mostly 0 to 1: each nested as [channels][height][width], [height][width] where there is one channel, or flat.",
});

const lines = z
  .array(z.string())
  .min(1)
  .optional()
  .meta({ description: "Lines of text, for a model of text." });

const latent = z.array(z.unknown()).min(1).meta({ description: "Codes, a list of numbers each." });

/** Images in a JSON body. */
export const imagesBody = z.strictObject({ pixels, lines, label: labels });
/** Codes in a JSON body. */
export const codesBody = z.strictObject({ latent, label: labels });
export type GivenBody = z.output<typeof imagesBody>;

const labelQuery = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .meta({
    description: "Of a conditional model: a class by its name or number, or one for each image.",
  });

/** The query where nothing else is asked. */
export const labelled = z.strictObject({ label: labelQuery });

const drawn = {
  count: z.coerce.number().int().min(1).default(1).meta({ description: "How many images to draw." }),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: "The same seed gives the same images." }),
};

/** The query of `/sample`, or its JSON body. */
export const sampleQuery = z.strictObject({ ...drawn, label: labelQuery });
export const sampleBody = z.strictObject({ ...drawn, label: labels });

const steps = z.coerce
  .number()
  .int()
  .min(2)
  .meta({ description: "Images on the way, both ends among them: 8 if not given." });

/** Two images or codes in a JSON body. */
export const endsBody = z.strictObject({
  latent: latent.optional(),
  pixels,
  lines,
  label: labels,
  steps: steps.optional(),
});
export type EndsBody = z.output<typeof endsBody>;

/** The query of `/interpolate`. */
export const interpolateQuery = z.strictObject({ steps: steps.optional(), label: labelQuery });

/** The query of `/anomaly`. */
export const anomalyQuery = z.strictObject({
  score: z.enum(["elbo", "reconstruction"]).optional().meta({
    description:
      "What is compared with the threshold: −ELBO where the model has a bound, unless told otherwise.",
  }),
  quantile: z.coerce.number().gt(0).lt(1).optional().meta({
    description:
      "The share of the training images that lie below the threshold: one that was measured, 0.99 if not given.",
  }),
  label: labelQuery,
});

/** Entries of a list, and settings, that are looked at one by one: a wrong one of millions would take minutes to tell. */
const MOST = { entries: 10_000, settings: 100 };

function requireFew(value: unknown, part: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const { lines, label, ...rest } = value as Readonly<Record<string, unknown>>;
  for (const [name, list] of Object.entries({ lines, label }))
    if (Array.isArray(list) && list.length > MOST.entries)
      throw new ServiceError(413, `the ${part}: ${name} has more than ${MOST.entries} entries`);
  if (Object.keys(rest).length > MOST.settings)
    refuse(`the ${part}: has more than ${MOST.settings} settings`);
}

/** A part of a request as its schema has it. Throws a 400 that says in a line what is wrong with it. */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  part: "query" | "body",
): z.output<Schema> {
  requireFew(value, part);
  try {
    return parse(schema, value, `the ${part}`);
  } catch (error) {
    if (error instanceof IsthmusError) refuse(error.message);
    throw error;
  }
}

const rows = z.array(z.array(z.number()));

/** What `/encode` answers: the encoder's outputs by name. */
export const encodeAnswer = z.record(z.string(), rows).meta({
  description:
    "`mean` and `log_variance` of a variational model, `code` of another: a list of numbers for each image.",
});

/** What whatever makes images answers where JSON is asked for. */
export const madeAnswer = z.strictObject({
  pixels: z
    .array(z.array(z.array(z.array(z.number()))))
    .meta({ description: "[image][channel][row][column], in the model's range: mostly 0 to 1." }),
  latent: rows.meta({ description: "The codes that the images were made of." }),
  lines: z.array(z.string()).optional().meta({ description: "The same as text, of a model of text." }),
});
export type MadeAnswer = z.output<typeof madeAnswer>;

/** What `/anomaly` answers. */
export const anomalyAnswer = z.strictObject({
  score: z
    .enum(["negative_elbo", "reconstruction"])
    .meta({ description: "What is compared with the threshold." }),
  unit: z.string().meta({ description: "What scores are counted in, per image." }),
  quantile: z.number().nullable(),
  threshold: z.number().nullable().meta({
    description:
      "The score that this share of the training images stays below; null where the file does not hold it.",
  }),
  images: z.array(
    z.strictObject({
      reconstruction: z.number(),
      elbo: z.number().nullable(),
      score: z.number(),
      is_anomaly: z.boolean().nullable(),
    }),
  ),
});
export type AnomalyAnswer = z.output<typeof anomalyAnswer>;

/** What `/runs` answers of each run. */
export const runAnswer = z.strictObject({
  name: z.string(),
  models: z
    .record(z.string(), z.string())
    .meta({ description: "Its models under /v2/models: encoder, decoder, evaluation." }),
  image: z
    .strictObject({
      channels: z.int(),
      height: z.int(),
      width: z.int(),
      range: z.tuple([z.number(), z.number()]),
    })
    .nullable(),
  medium: z.string(),
  latent: z.int().nullable(),
  classes: z.array(z.string()).nullable(),
  is_conditional: z.boolean(),
  quantiles: z.array(z.number()).nullable().meta({ description: "What /anomaly takes as `quantile`." }),
});
export type RunAnswer = z.output<typeof runAnswer>;
