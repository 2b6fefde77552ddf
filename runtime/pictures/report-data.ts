/** What a report is made of. Lists may be empty, and whatever can be null is then left out of the page. */
import type { Medium } from "../../src/data/dataset.ts";
import type { ImageShape } from "../../src/data/images.ts";
import type { Losses } from "./losses.ts";
import type { Picture } from "./picture.ts";

export interface ReportData {
  /** The run's name, such as the last part of its directory. */
  readonly name: string;
  /** The model in a line: `vae · 784-400-20 · 0.65 M parameters · Bernoulli likelihood`. */
  readonly description: string;
  /** What losses are counted in, for each image: `nats`. */
  readonly unit: string;
  /** What an image is called: `image`, `line`, `clip`. */
  readonly noun: string;
  readonly finished: Date | null;
  readonly headline: Headline;
  /** In the order of the page. */
  readonly pictures: readonly Picture[];
  readonly data: DataSummary | null;
  readonly settings: readonly SettingsGroup[];
  /** The files of the run directory. */
  readonly files: readonly FileSummary[];
  /** Command lines that do the run again. */
  readonly commands: readonly string[];
  /** What the exported models take and give; null where none were exported. */
  readonly model: ModelSummary | null;
}

/** The figures of the run as a whole. */
export interface Headline {
  /** The losses on the test images. */
  readonly test: Losses | null;
  readonly epochs: number;
  /** How long training took. */
  readonly seconds: number;
  readonly imagesPerSecond: number | null;
  /** `cpu` */
  readonly device: string;
  /** What the term `kl` is; null where the losses have none. */
  readonly penalty: string | null;
  /** Whether the model was measured on its training images, the only ones it knows. */
  readonly isMemory: boolean;
}

export interface DataSummary {
  readonly name: string;
  readonly medium: Medium;
  readonly image: ImageShape;
  readonly classes: readonly string[] | null;
  /** SHA-256 in hex. */
  readonly fingerprint: string;
  readonly splits: readonly { readonly name: string; readonly count: number; readonly origin: string }[];
}

/** A table of settings: `Model`, `Training`, `Versions`. Values inside of values get dotted names. */
export interface SettingsGroup {
  readonly title: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface FileSummary {
  /** Relative to the run directory. */
  readonly name: string;
  readonly bytes: number;
  /** What it holds, in a few words; may be empty. */
  readonly purpose: string;
}

export interface ModelSummary {
  readonly image: ImageShape;
  readonly medium: Medium;
  readonly latent: number;
  /** The encoder's outputs; the first one is the code that the decoder takes: `mean`, `log_variance`. */
  readonly outputs: readonly string[];
  /** Which of the halves are told an image's class. */
  readonly takesLabel: { readonly encoder: boolean; readonly decoder: boolean };
}
