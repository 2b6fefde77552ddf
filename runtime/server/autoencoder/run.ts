/** Runs among the models that are served: the halves of one training, which go by one name. */
import { refuse, ServiceError } from "../error.ts";
import type { ServedModel } from "../model.ts";
import type { InferenceService } from "../service.ts";

export const halves = ["encoder", "decoder", "evaluation"] as const;
export type Half = (typeof halves)[number];

/** The models `<run>-encoder`, `<run>-decoder` and `<run>-evaluation`; those of a run without a name are called as the halves are. */
export class ServedRun {
  readonly name: string;
  readonly #service: InferenceService;
  readonly #models = new Map<Half, string>();

  constructor(name: string, service: InferenceService) {
    this.name = name;
    this.#service = service;
  }

  add(half: Half, model: string): void {
    this.#models.set(half, model);
  }

  /** The names of its models. */
  get models(): Readonly<Partial<Record<Half, string>>> {
    return Object.fromEntries(this.#models);
  }

  /** One of its models. Throws a 404 where there is none, a 503 where it is not loaded. */
  model(half: Half): ServedModel {
    const name = this.#models.get(half);
    if (name !== undefined) return this.#service.model(name);
    const subject = this.name === "" ? "the run" : `run ${this.name}`;
    throw new ServiceError(
      404,
      `${subject} has no ${half}.onnx: isthmus export writes it, and ${`${this.name}-${half}`.replace(/^-/, "")}=PATH serves it`,
    );
  }
}

/** All runs, by name. */
export function runsOf(service: InferenceService): ReadonlyMap<string, ServedRun> {
  const runs = new Map<string, ServedRun>();
  for (const { name: model } of service.index()) {
    const [, name, half] = /^(?:(.+)-)?(encoder|decoder|evaluation)$/.exec(model) ?? [];
    if (half === undefined) continue;
    const run = runs.get(name ?? "") ?? new ServedRun(name ?? "", service);
    runs.set(run.name, run);
    run.add(half as Half, model);
  }
  return runs;
}

/** The run of a name; where none is named the only one, or the one without a name. Throws a 400 or 404. */
export function findRun(service: InferenceService, name: string | undefined): ServedRun {
  const runs = runsOf(service);
  const all = [...runs.keys()].filter((name) => name !== "").join(", ");
  if (name !== undefined) {
    const hint = all === "" ? "none has a name" : `there are ${all}`;
    return runs.get(name) ?? missing(`there is no run ${JSON.stringify(name.slice(0, 100))}: ${hint}`);
  }
  if (runs.size === 0) return missing("no encoder or decoder is served");
  const [only] = runs.values();
  return runs.get("") ?? (runs.size === 1 ? only! : refuse(`which run? /runs/NAME/… for one of ${all}`));
}

function missing(message: string): never {
  throw new ServiceError(404, message);
}
