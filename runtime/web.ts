/** Isthmus in a browser: all that is portable, with runs in the page's own storage and ONNX Runtime's package for the web. */
import type { ModelInput } from "../graphs/families.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { type GeneratedName, loadGenerated } from "./data/generated.ts";
import type { Division } from "./data/parts.ts";
import type { Host } from "./host/host.ts";
import { webHost } from "./host/web.ts";
import { webFiles } from "./host/web-files.ts";
import { TrainingRun, type TrainOptions } from "./training-run.ts";

export { type Dropped, type DroppedOptions, loadDropped } from "./data/dropped.ts";
export { type WebHostOptions, webHost } from "./host/web.ts";
export { webFiles } from "./host/web-files.ts";
export * from "./portable.ts";

/** Drawn here, as Node draws them: a run on them is gone on with in either. */
function drawn(name: GeneratedName, division: Division): Dataset {
  return { ...loadGenerated(name, division), source: { name, ...division } };
}

/** The digits that Isthmus draws itself: 28×28, ten classes, 20,000 + 2,000 + 2,000 images unless told otherwise. */
export const digits = (division: Division = {}): Dataset => drawn("digits", division);

/** Lines of text that Isthmus makes up itself: 24 characters, 60,000 + 2,000 + 1,000 of them. */
export const lines = (division: Division = {}): Dataset => drawn("lines", division);

/** Single tones that Isthmus makes itself: 1,024 samples at 8 kHz, 12,000 + 1,000 + 1,000 of them. */
export const tones = (division: Division = {}): Dataset => drawn("tones", division);

/**
 * Trains a model, best in a worker. Iterate over the run to train; then `run.result` has the test losses in nats per
 * image, and `run.models()` the encoder and decoder. With `out`, a name, everything is kept in the Origin Private File
 * System, and with `resume` a run that a closed tab left there is gone on with.
 */
export function train(
  model: ModelInput,
  data: Dataset,
  options: TrainOptions = {},
  host: Host = webHost(),
): TrainingRun {
  return new TrainingRun(model, data, options, { host, files: webFiles });
}
