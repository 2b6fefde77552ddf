/** What the Train panel and its worker say to each other: plain data. */
import type { PresetName } from "../../../graphs/presets.ts";
import type { Medium } from "../../../src/data/dataset.ts";
import type { Dropped } from "../../data/dropped.ts";
import type { Device } from "../../host/host.ts";
import type { Losses } from "../../losses.ts";
import type { Progress } from "../../trainer.ts";

/** What to train on. */
export type DataChoice =
  | { readonly kind: "digits"; readonly count: number }
  | {
      readonly kind: "files";
      readonly files: readonly Dropped[];
      /** The width and height that images are brought to, in pixels. */
      readonly side: number;
      readonly channels: 1 | 3;
    };

/** What the form asks for. */
export interface TrainingChoice {
  readonly preset: OfferedName;
  readonly data: DataChoice;
  /** Settings that go before the preset's. */
  readonly model: Readonly<Record<string, unknown>>;
  readonly training: Readonly<Record<string, unknown>>;
  readonly device: DeviceWish;
}

/** The presets that the page offers: those that look at images, and whose codes are a plane or a few more dimensions. */
export type OfferedName = Extract<
  PresetName,
  | "vae"
  | "conv-vae"
  | "beta-vae"
  | "conditional-vae"
  | "iwae"
  | "wae-mmd"
  | "undercomplete-ae"
  | "denoising-ae"
>;

/** A preset, and what it begins with. */
export interface Offer {
  readonly name: OfferedName;
  readonly about: string;
  readonly latent: number;
  readonly hidden: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly klWeight: number;
  /** What that weighs; null where the loss has no second term. */
  readonly penalty: string | null;
}

export type DeviceWish = "auto" | "webgpu" | "wasm";

/** What is known of a device before anything is trained. */
export interface DeviceFound {
  readonly device: Device;
  readonly works: boolean;
  /** What was found, or why it does not work and what to do. */
  readonly detail: string;
  /** Whether it is a GPU that the CPU plays. */
  readonly isEmulated: boolean;
}

/** A run that the browser keeps for this page. */
export interface KeptRun {
  readonly name: string;
  /** `vae · 784-400-20 · 0.65 M parameters` */
  readonly description: string;
  readonly data: string;
  /** Epochs that are complete, and how many there are to be. */
  readonly epoch: number;
  readonly epochs: number;
  readonly isDone: boolean;
  /** Whether it is being trained in another tab. */
  readonly isBusy: boolean;
  /** Whether its images have to be dropped again. */
  readonly needsFiles: boolean;
  readonly bytes: number;
  /** Why it can't be gone on with, if so. */
  readonly damage?: string;
}

/** How items are shown. */
export interface Look {
  readonly image: readonly [channels: number, height: number, width: number];
  readonly medium: Medium;
}

/** What a training is, once its data are there. */
export interface Begun extends Look {
  readonly name: string;
  readonly description: string;
  readonly device: Device;
  /** `SwiftShader`, `2 threads`, … */
  readonly detail: string;
  readonly counts: readonly [train: number, validation: number, test: number];
  readonly classes: readonly string[] | null;
  /** Whether Node can draw the data anew as well. */
  readonly isDrawn: boolean;
  /** What the second term of the loss is called; null where there is none. */
  readonly penalty: string | null;
  readonly unit: string;
  /** What earlier visits have measured. */
  readonly epochs: readonly { readonly epoch: number; readonly train: Losses; readonly validation: Losses }[];
}

/** How the model sees some images as it is now. */
export interface Pictures {
  /** Validation images and what comes back of them, `[count, channels, height, width]` in [0, 1]. */
  readonly originals: Float32Array;
  readonly reconstructions: Float32Array;
  /** Pictures of codes drawn from the prior, always the same codes; null where the model has no prior. */
  readonly samples: Float32Array | null;
  /** Two latent dimensions of the codes of some validation images, and the images' classes. */
  readonly codes: {
    readonly axes: readonly [x: number, y: number];
    readonly x: Float32Array;
    readonly y: Float32Array;
    readonly labels: Uint8Array | null;
  };
}

/** What the worker tells while it works. */
export type News =
  | { readonly kind: "doing"; readonly what: string }
  | { readonly kind: "begun"; readonly begun: Begun }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "pictures"; readonly pictures: Pictures }
  | { readonly kind: "warning"; readonly what: string };

/** How a training came to an end, for now. */
export type Ending =
  | { readonly kind: "paused"; readonly epoch: number }
  | { readonly kind: "done"; readonly epochs: number; readonly test: Losses }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** What failed: the GPU, the numbers, or anything else. */
      readonly cause: "device" | "numbers" | "other";
      /** Whether a checkpoint is there to go on from. */
      readonly isKept: boolean;
    };

/** What can be taken home of a run. */
export type Download = "encoder" | "decoder" | "training" | "checkpoint";
