/** The endpoints of an autoencoder as a Fastify plugin: those of each run, and of the one that needs no name. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../error.ts";
import { type Endpoint, endpointFacts, runsFacts } from "../openapi/autoencoder.ts";
import { schemaOf } from "../openapi/schema.ts";
import type { InferenceService } from "../service.ts";
import { anomaly } from "./anomaly.ts";
import { sendMade, typeFor } from "./answer.ts";
import { addParsers } from "./body.ts";
import { type Call, decode, encode, interpolate, type Made, reconstruct, sample } from "./endpoints.ts";
import { factsFor } from "./facts.ts";
import { isConditional } from "./label.ts";
import { Pictures } from "./pictures.ts";
import { findRun, type Half, runsOf, type ServedRun } from "./run.ts";
import type { RunAnswer } from "./schemas.ts";

/** What is taken at most. */
export interface ImageLimits {
  /** Images or codes of a request, and images of an answer; 256 where not given. */
  readonly maxImages?: number | undefined;
  /** Pixels of a picture that is sent; 2²⁴ (4096 × 4096) where not given. All of a request may have eight times as many. */
  readonly maxPixels?: number | undefined;
}

export const defaultImageLimits = { maxImages: 256, maxPixels: 2 ** 24 };

export interface AutoencoderOptions extends ImageLimits {
  readonly service: InferenceService;
}

/** An endpoint that answers numbers, and one that answers images; the models that it can't do without. */
interface Numbers {
  readonly halves: readonly Half[];
  readonly answer: (call: Call) => Promise<object>;
}
interface Maker {
  readonly halves: readonly Half[];
  readonly make: (call: Call) => Promise<Made>;
}

const endpoints: { readonly [E in Endpoint]: Numbers | Maker } = {
  encode: { halves: ["encoder"], answer: encode },
  decode: { halves: ["decoder"], make: decode },
  reconstruct: { halves: ["encoder", "decoder"], make: reconstruct },
  sample: { halves: ["decoder"], make: sample },
  interpolate: { halves: ["decoder"], make: interpolate },
  anomaly: { halves: ["evaluation"], answer: anomaly },
};

/** Adds the routes `/runs/:run/…`, the same without a run, and `/runs`. */
export async function autoencoderRoutes(
  app: FastifyInstance,
  {
    service,
    maxImages = defaultImageLimits.maxImages,
    maxPixels = defaultImageLimits.maxPixels,
  }: AutoencoderOptions,
): Promise<void> {
  const pictures = new Pictures(maxPixels, service.timeout);
  app.addHook("onClose", () => pictures.close());
  addParsers(app, maxImages);

  const runOf = ({ params }: FastifyRequest) => findRun(service, (params as { readonly run?: string }).run);
  const ready = (halves: readonly Half[]) => async (request: FastifyRequest) => {
    requirePlain(request);
    const run = runOf(request);
    for (const half of halves) run.model(half).requireRoom();
  };
  const callOf = (request: FastifyRequest, reply: FastifyReply): Call => ({
    run: runOf(request),
    query: request.query,
    body: request.body,
    signal: departureOf(reply),
    pictures,
    maxImages,
  });

  for (const [name, endpoint] of Object.entries(endpoints) as [Endpoint, Numbers | Maker][])
    for (const prefix of ["", "/runs/:run"])
      for (const method of name === "sample" ? (["GET", "POST"] as const) : (["POST"] as const))
        app.route({
          method,
          url: `${prefix}/${name}`,
          schema: schemaOf(endpointFacts(name, method, prefix !== "")),
          onRequest: ready(endpoint.halves),
          handler: async (request, reply) => {
            const call = callOf(request, reply);
            if ("answer" in endpoint) return endpoint.answer(call);
            const type = typeFor(request, call.run.model("decoder"));
            return sendMade(reply, type, await endpoint.make(call), call);
          },
        });
  app.get("/runs", { schema: schemaOf(runsFacts.all) }, async () =>
    [...runsOf(service).values()].map(described),
  );
  app.get("/runs/:run", { schema: schemaOf(runsFacts.one) }, async (request) => described(runOf(request)));
}

/** What there is to know of a run, of those of its models that are loaded. */
function described(run: ServedRun): RunAnswer {
  const models = (Object.keys(run.models) as Half[]).flatMap((half) => {
    try {
      return [run.model(half)];
    } catch (error) {
      if (error instanceof ServiceError) return [];
      throw error;
    }
  });
  const facts = models.map(factsFor);
  const latent = models.flatMap(({ inputs }) => inputs).find(({ name }) => name === "latent")?.shape[1];
  const image = facts.find(({ image }) => image !== null)?.image;
  return {
    name: run.name,
    models: run.models as Record<string, string>,
    image: image
      ? { channels: image.channels, height: image.height, width: image.width, range: [...image.range] }
      : null,
    medium: facts[0]?.medium.kind ?? "image",
    latent: typeof latent === "number" ? latent : null,
    classes: facts[0]?.classes ? [...facts[0].classes] : null,
    is_conditional: models.some(isConditional),
    quantiles: facts.find(({ quantiles }) => quantiles !== null)?.quantiles?.levels ?? null,
  };
}

/** Pictures are compressed as they are, and a compressed body could be of any size. */
function requirePlain({ headers }: FastifyRequest): void {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new ServiceError(415, `a body in ${JSON.stringify(encoding)} is not taken: send it as it is`);
}

/** Aborted when the client goes away before it is answered. */
function departureOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
