/** Training as a loop of runs, each some steps long and short enough to stay responsive, on whatever takes the steps. */
import { parse } from "../graphs/config.ts";
import type { ModelDescription } from "../graphs/families.ts";
import { initialState } from "../graphs/state.ts";
import { type TrainingConfig, type TrainingInput, trainingConfig } from "../graphs/training-config.ts";
import type { Images } from "../src/data/images.ts";
import { fail, IsthmusError } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import { beginningOf } from "./beginning.ts";
import type { Engine, EngineOptions, OpenEngine } from "./engine/engine.ts";
import { engines } from "./engine/engines.ts";
import { Evaluator } from "./evaluate.ts";
import { Feeds } from "./feeds.ts";
import { requireFinite, requireFiniteLoss, requireFit, requireSources } from "./fit.ts";
import type { Placed } from "./host/host.ts";
import type { Losses } from "./losses.ts";
import { eventLoopTurn, inTurn, releaseAll } from "./turn.ts";

/** Where a training stands. Together with the state's tensors it is all that the rest of the run depends on. */
export interface Position {
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Steps taken of the next one. */
  readonly step: number;
  /** Sums of its steps' losses so far. */
  readonly sums: Losses;
  /** The lowest validation loss, and after which epoch it was measured; null before the first. */
  readonly best: { readonly epoch: number; readonly loss: number } | null;
}

export const beginning: Position = {
  epoch: 0,
  step: 0,
  sums: { loss: 0, reconstruction: 0, kl: 0 },
  best: null,
};

/** What a trainer tells after every run. Losses are means over the epoch so far. */
export interface Progress extends Losses {
  /** The epoch this is about, from 1, and how many there will be. */
  readonly epoch: number;
  readonly epochs: number;
  /** The step within it, from 1, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /** By the time that steps have taken here; both are 0 where none was taken yet. */
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  /** At an epoch's end, what the validation images gave; null within. */
  readonly validation: Losses | null;
  /** Whether that is the lowest validation loss so far. */
  readonly isBest: boolean;
}

/** Where a training stands, with its state: all that another trainer needs to go on, on any device. */
export interface Checkpoint {
  readonly state: Tensors;
  readonly position: Position;
}

/** Where a trainer trains, what takes its steps, and where it begins. */
export interface TrainerOptions extends EngineOptions {
  /** What takes the steps; what suits the device unless given. */
  readonly engine?: OpenEngine | undefined;
  /** Where to go on from; a new state drawn from the seed unless given. */
  readonly state?: Tensors | undefined;
  /** Where that state stands; the beginning unless given. */
  readonly position?: Position | undefined;
}

/** How long one run should take: a terminal that redraws five times a second feels alive. */
const RUN_SECONDS = 0.2;

/** Trains one model on one set of images. */
export class Trainer {
  readonly description: ModelDescription;
  readonly config: TrainingConfig;
  readonly stepsPerEpoch: number;
  readonly #feeds: Feeds;
  readonly #validation: Images;
  readonly #engine: Engine;
  readonly #evaluator: Evaluator;
  readonly #turn = inTurn();
  #position: Position;
  #last: Checkpoint;
  #isBroken = false;
  #pace = { seconds: 0, steps: 0, perStep: RUN_SECONDS / 8 };

  private constructor(
    description: ModelDescription,
    config: TrainingConfig,
    data: TrainerData,
    parts: { readonly engine: Engine; readonly evaluator: Evaluator },
    first: Checkpoint,
  ) {
    this.description = description;
    this.config = config;
    this.#feeds = new Feeds(description, config, data.train.count);
    this.stepsPerEpoch = this.#feeds.stepsPerEpoch;
    this.#validation = data.validation;
    this.#engine = parts.engine;
    this.#evaluator = parts.evaluator;
    this.#position = first.position;
    this.#last = first;
  }

  /** Opens the sessions. Throws where a setting can't be, or the images don't fit the model or are fewer than one batch. */
  static async open(
    description: ModelDescription,
    settings: TrainingInput,
    data: TrainerData,
    options: TrainerOptions,
  ): Promise<Trainer> {
    const config = parse(trainingConfig, settings, "training");
    requireFit(description, config, data.train);
    requireSources(description, { train: data.train, validation: data.validation });
    const { engine: wanted, state: given, position = beginning, ...at } = options;
    const computed =
      given === undefined ? await beginningOf(description, data.train, at.host, at) : undefined;
    const state = given ?? initialState(description, config.optimizer, config.seed, computed);
    const open = wanted ?? engines[at.device ?? at.host.devices.at(-1)!];
    const engine = await open({ description, config, images: data.train, state }, at);
    const evaluator = await Evaluator.open(description, at.host, at).catch(async (error) => {
      await engine.release();
      throw error;
    });
    return new Trainer(description, config, data, { engine, evaluator }, { state, position });
  }

  /**
   * Parameters, optimizer slots and step count as they are after the run under way, read from the device, and where
   * that is. Throws after a failure, or where a number in the state is not finite; `lastCheckpoint` is then what is left.
   */
  async checkpoint(): Promise<Checkpoint> {
    return this.#turn(async () => {
      if (this.#isBroken) fail("train", "has failed: the last checkpoint is all that is left");
      const position = this.#position;
      if (position === this.#last.position) return this.#last;
      const state = await this.#kept(this.#engine.state());
      requireFinite(state);
      this.#last = { state, position };
      return this.#last;
    });
  }

  /** The last checkpoint that was asked for, the end of the last epoch or the beginning: what a failure leaves. */
  get lastCheckpoint(): Checkpoint {
    return this.#last;
  }

  get position(): Position {
    return this.#position;
  }

  /** Seconds spent in training steps (noise and shuffling inside, validation outside), and how many there were. */
  get pace(): { readonly seconds: number; readonly steps: number } {
    return this.#pace;
  }

  /**
   * Trains to the last epoch, or until validation has not improved for `patience` epochs, or until `signal` aborts
   * (after the run under way). Throws where a loss is not finite or the device fails: `lastCheckpoint` is what stays.
   */
  async *train(signal?: AbortSignal): AsyncGenerator<Progress, void, void> {
    while (!this.isDone && !signal?.aborted) {
      const { step } = this.#position;
      const wanted = Math.max(1, Math.round(RUN_SECONDS / this.#pace.perStep));
      const steps = Math.min(wanted, this.stepsPerEpoch - step);
      // None is left where a checkpoint was asked for between an epoch's last step and its validation.
      if (steps > 0) await this.#turn(() => this.#run(steps));
      if (this.#position.step < this.stepsPerEpoch) yield this.#progress(null, false);
      else yield await this.#endEpoch();
      // Whoever waits for the event loop (a key, a signal, a request) gets a turn: the native call holds it.
      await eventLoopTurn();
    }
  }

  /** The mean losses of any weights of the model on some images, in nats per image: one draw each, from the seed. */
  async losses(weights: Placed, images: Images): Promise<Losses> {
    const { seed, klWeight } = this.config;
    return this.#turn(() => this.#kept(this.#evaluator.losses(weights, images, { seed, klWeight })));
  }

  /** Frees the sessions. */
  async release(): Promise<void> {
    await this.#turn(() => releaseAll([() => this.#engine.release(), () => this.#evaluator.release()]));
  }

  /** Whether all epochs are over, or validation has not improved for `patience` of them. */
  get isDone(): boolean {
    const { epoch, best } = this.#position;
    const { epochs, patience } = this.config;
    return epoch >= epochs || (patience !== undefined && best !== null && epoch - best.epoch >= patience);
  }

  async #run(steps: number): Promise<void> {
    const begun = performance.now();
    const { epoch, step, sums } = this.#position;
    this.#isBroken = true;
    const losses = await this.#kept(this.#engine.run(this.#feeds.of(epoch, step, steps)));
    const sum = { ...sums };
    for (const name of ["loss", "reconstruction", "kl"] as const) {
      for (const [i, value] of losses[name].entries()) {
        requireFiniteLoss(name, value, `at step ${step + i + 1} of epoch ${epoch + 1}`);
        sum[name] += value;
      }
    }
    this.#isBroken = false;
    this.#position = { ...this.#position, step: step + steps, sums: sum };
    const seconds = (performance.now() - begun) / 1000;
    this.#pace = {
      seconds: this.#pace.seconds + seconds,
      steps: this.#pace.steps + steps,
      perStep: seconds / steps,
    };
  }

  /** What the device was asked for; where it fails, the error says what is left. */
  async #kept<T>(asked: Promise<T>): Promise<T> {
    return asked.catch((error) => {
      const { epoch, step } = this.#position;
      throw new IsthmusError(
        `train: stopped after ${showPosition({ epoch, step })}: ${error.message}; the last checkpoint stays, of ${showPosition(this.#last.position)}`,
      );
    });
  }

  async #endEpoch(): Promise<Progress> {
    const validation = await this.losses(this.#engine.placed(), this.#validation);
    const { epoch, best } = this.#position;
    requireFiniteLoss("validation loss", validation.loss, `after epoch ${epoch + 1}`);
    const isBest = best === null || validation.loss < best.loss;
    const progress = this.#progress(validation, isBest);
    this.#position = {
      ...beginning,
      epoch: epoch + 1,
      best: isBest ? { epoch: epoch + 1, loss: validation.loss } : best,
    };
    await this.checkpoint();
    return progress;
  }

  #progress(validation: Losses | null, isBest: boolean): Progress {
    const { epoch, step, sums } = this.#position;
    const { seconds, steps } = this.#pace;
    const { epochs, batch } = this.config;
    const left = epochs * this.stepsPerEpoch - (epoch * this.stepsPerEpoch + step);
    return {
      epoch: epoch + 1,
      epochs,
      step,
      steps: this.stepsPerEpoch,
      loss: sums.loss / step,
      reconstruction: sums.reconstruction / step,
      kl: sums.kl / step,
      // A training that goes on after an epoch's last step begins with its validation.
      imagesPerSecond: steps === 0 ? 0 : (steps * batch) / seconds,
      secondsLeft: steps === 0 ? 0 : (left * seconds) / steps,
      validation,
      isBest,
    };
  }
}

function showPosition({ epoch, step }: Pick<Position, "epoch" | "step">): string {
  return step === 0 ? `epoch ${epoch}` : `step ${step} of epoch ${epoch + 1}`;
}

/** The images that a training sees. */
export interface TrainerData {
  readonly train: Images;
  readonly validation: Images;
}
