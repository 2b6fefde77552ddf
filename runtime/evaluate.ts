/** The losses of a model on a set of images. */
import { evaluationGraph } from "../graphs/evaluation.ts";
import type { ModelDescription } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import { fail } from "../src/ir/error.ts";
import { tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions, Placed } from "./host/host.ts";
import type { Losses } from "./losses.ts";
import { Session } from "./session.ts";

/** Images a run: enough to keep the cores busy, few enough to stay responsive. */
const BATCH = 500;

/** Measures weights on images; one evaluator serves any weights of its model. */
export class Evaluator {
  readonly #session: Session;
  readonly #description: ModelDescription;
  readonly #parameters: readonly string[];

  private constructor(session: Session, description: ModelDescription, parameters: readonly string[]) {
    this.#session = session;
    this.#description = description;
    this.#parameters = parameters;
  }

  static async open(
    description: ModelDescription,
    host: Host,
    options: HostOptions = {},
  ): Promise<Evaluator> {
    const graph = evaluationGraph(description);
    const parameters = Object.keys(graph.inputs).filter((name) => name !== "image" && name !== "noise");
    return new Evaluator(await Session.open(graph, host, options), description, parameters);
  }

  /**
   * The mean losses over all images with one draw each, from the seed's stream `evaluation`: the same images, weights
   * and seed give the same numbers. Weights may lie on the device. Throws where there are no images.
   */
  async losses(
    weights: Placed,
    images: Images,
    { seed, klWeight }: { seed: number; klWeight: number },
  ): Promise<Losses> {
    const { latent } = this.#description;
    if (images.count === 0) fail("evaluate", "there are no images");
    const random = new Random(seed, "evaluation");
    const fed = Object.fromEntries(
      this.#parameters.map((name) => [name, weights[name] ?? fail("evaluate", `no weight ${name}`)]),
    );
    let [reconstruction, kl] = [0, 0];
    for (let start = 0; start < images.count; start += BATCH) {
      const image = images.slice(start, start + BATCH).toTensor();
      const count = image.shape[0]!;
      const noise = tensor(
        "float32",
        [1, count, latent],
        random.fillNormal(new Float32Array(count * latent)),
      );
      const terms = await this.#session.run({ ...fed, image, noise });
      reconstruction += sum(terms.reconstruction!.data as Float32Array);
      kl += sum(terms.kl!.data as Float32Array);
    }
    const [perImage, divergence] = [reconstruction / images.count, kl / images.count];
    return { loss: perImage + klWeight * divergence, reconstruction: perImage, kl: divergence };
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
