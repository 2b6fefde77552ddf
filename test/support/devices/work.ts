/** What is tried on every device, in Node and in a page alike: any model, and some steps of a training. */
import type { ModelDescription } from "../../../graphs/families.ts";
import type { TrainingConfig } from "../../../graphs/training-config.ts";
import type { StepFeeds, StepLosses } from "../../../runtime/engine/engine.ts";
import { engines } from "../../../runtime/engine/engines.ts";
import type { Device, Host } from "../../../runtime/host/host.ts";
import { readSafetensors, writeSafetensors } from "../../../runtime/safetensors.ts";
import { Session } from "../../../runtime/session.ts";
import { type Position, Trainer } from "../../../runtime/trainer.ts";
import { type ImageShape, Images } from "../../../src/data/images.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import { parts } from "../stepping.ts";

/** Runs a model once. */
export async function runModel(
  host: Host,
  device: Device,
  model: Uint8Array,
  feeds: Tensors,
): Promise<Tensors> {
  const session = await Session.load(model, "trial", host, { device });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** A training as plain values, so that a page can be sent it. */
export interface Job {
  readonly description: ModelDescription;
  readonly config: TrainingConfig;
  readonly image: ImageShape;
  /** 8-bit pixels, image after image. */
  readonly pixels: Uint8Array;
  readonly state: Tensors;
  /** For each step: `index`, `noise`, `learning_rate` and `kl_weight`. */
  readonly feeds: Tensors;
}

/** The losses of every step, and the state after the last. */
export interface Taken {
  readonly losses: StepLosses;
  readonly state: Tensors;
}

/** Takes the steps of a job by the device's engine, in two runs. */
export async function takeSteps(host: Host, device: Device, job: Job): Promise<Taken> {
  const { description, config, image, pixels, state, feeds } = job;
  const task = { description, config, images: new Images(image, pixels), state };
  const engine = await engines[device](task, { host, device });
  try {
    const steps = feeds.index!.shape[0]!;
    const runs = [
      await engine.run(parts(feeds, 0, steps >> 1) as StepFeeds),
      await engine.run(parts(feeds, steps >> 1, steps) as StepFeeds),
    ];
    const column = (name: keyof StepLosses) => Float32Array.from(runs.flatMap((losses) => [...losses[name]]));
    const losses = { loss: column("loss"), reconstruction: column("reconstruction"), kl: column("kl") };
    return { losses, state: await engine.state() };
  } finally {
    await engine.release();
  }
}

/** A training as it is saved: the bytes of a checkpoint, and where it stands. */
export interface Saved {
  readonly checkpoint: Uint8Array;
  readonly position: Position;
}

/** What came of an epoch: its mean loss, the validation loss after it, and what is saved. */
export type Epoch = Saved & { readonly loss: number; readonly validation: number };

/** Trains for one epoch from where it stands. */
export async function trainEpoch(
  host: Host,
  device: Device,
  { description, config, image, pixels }: Omit<Job, "state" | "feeds">,
  { checkpoint, position }: Saved,
): Promise<Epoch> {
  const images = new Images(image, pixels);
  const held = images.count >> 2;
  const data = { train: images.slice(held), validation: images.slice(0, held) };
  const { tensors: state } = readSafetensors(checkpoint, "checkpoint");
  const trainer = await Trainer.open(description, config, data, { host, device, state, position });
  try {
    for await (const { loss, validation } of trainer.train()) {
      if (validation === null) continue;
      const { state, position } = await trainer.checkpoint();
      const checkpoint = writeSafetensors({ tensors: state, metadata: {} });
      return { checkpoint, position, loss, validation: validation.loss };
    }
    throw new Error("the training was over");
  } finally {
    await trainer.release();
  }
}
