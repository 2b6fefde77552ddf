/** What takes training steps and holds the state between them: one way for each kind of device. */
import type { ModelDescription } from "../../graphs/families.ts";
import type { StepConfig } from "../../graphs/step.ts";
import type { Images } from "../../src/data/images.ts";
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";
import type { Host, HostOptions, Placed } from "../host/host.ts";

/**
 * What some training steps read besides the images; each tensor's first axis has one element a step. What else a model
 * asks for, such as noise, is there under its name.
 */
export type StepFeeds = Readonly<Record<string, Tensor<"float32"> | Tensor<"int32">>> & {
  /** Positions of each batch in the images: `[steps, batch]` */
  readonly index: Tensor<"int32">;
  readonly learning_rate: Tensor<"float32">;
  readonly kl_weight: Tensor<"float32">;
};

/** Losses in nats per image, one a step. */
export type StepLosses = Readonly<Record<"loss" | "reconstruction" | "kl", Float32Array>>;

/** What takes training steps, run after run, and holds the state between them; who opened it releases it. */
export interface Engine {
  /** Takes the steps. Rejects where the device fails; what state there is then is not certain. */
  readonly run: (feeds: StepFeeds) => Promise<StepLosses>;
  /** The state where it lies, as it is until the next run: for sessions of the same device. */
  readonly placed: () => Placed;
  /** The state on the host. */
  readonly state: () => Promise<Tensors>;
  /** Frees sessions, and the state where that lies on the device. */
  readonly release: () => Promise<void>;
}

/** A model, how its steps are taken, the images that they are taken on, and the state that they begin from. */
export interface Task {
  readonly description: ModelDescription;
  readonly config: StepConfig;
  readonly images: Images;
  readonly state: Tensors;
}

/** Where an engine runs. */
export interface EngineOptions extends HostOptions {
  readonly host: Host;
}

/** Opens an engine at the state of a task. Throws one line where the device refuses the graph, or the engine the task. */
export type OpenEngine = (task: Task, options: EngineOptions) => Promise<Engine>;
