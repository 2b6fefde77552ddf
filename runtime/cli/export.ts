/** `isthmus export` */
import { join } from "node:path";
import { IsthmusError } from "../../src/ir/error.ts";
import type { Quantiles } from "../about.ts";
import { modelNames } from "../export.ts";
import { writeWhole } from "../host/file.ts";
import type { Precision } from "../precision.ts";
import type { Run } from "../run.ts";
import { print, say, showBytes } from "./output.ts";
import { exportSmaller } from "./smaller.ts";
import { type DataFlags, dataFor, openRun } from "./source.ts";
import { asked, UsageError } from "./usage.ts";

type Format = "onnx" | "ort-training";

interface Flags extends DataFlags {
  readonly format: Format;
  readonly precision?: Precision["kind"];
  readonly calibration?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Options that are about images, which what goes on training is written without. */
const imageFlags = ["data", "resize", "channels", "threads"] as const;

const formats: {
  readonly [F in Format]: (run: Run, flags: Flags) => Promise<Readonly<Record<string, Uint8Array>>>;
} = {
  onnx: async (run, flags) => {
    const quantiles = await quantilesOf(run, flags);
    return Object.fromEntries(modelNames.map((name) => [`${name}.onnx`, run.model(name, quantiles)]));
  },
  "ort-training": async (run) => {
    const { trainingFiles } = await import("../training-session/files.ts");
    const { state } = await run.directory.readCheckpoint();
    return asked(() => trainingFiles(run.config, state));
  },
};

/** A run from before they were measured is exported without where its training images are gone, and none are named. */
async function quantilesOf(run: Run, flags: Flags): Promise<Quantiles | null> {
  const { threads } = flags;
  // They are those of the training, wherever they lie now, divided as they were.
  const moved = { ...run.config.data.source };
  if (imageFlags.some((name) => name !== "threads" && flags[name] !== undefined))
    return run.quantiles({ data: await dataFor(run, flags, moved), threads });
  return run.quantiles({ threads }).catch((error) => {
    if (!(error instanceof IsthmusError)) throw error;
    say(`without the quantiles of the training images: ${error.message}`);
    return null;
  });
}

export async function exportCommand(path: string, flags: Flags): Promise<void> {
  const { format, precision, calibration, out, json } = flags;
  if (precision !== undefined && format !== "onnx")
    throw new UsageError(`--precision: what --format ${format} writes goes on training, in float32`);
  if (calibration !== undefined && precision !== "int8")
    throw new UsageError("--calibration: its images are for --precision int8");
  const stray = imageFlags.find((name) => flags[name] !== undefined);
  if (stray !== undefined && format !== "onnx")
    throw new UsageError(`--${stray}: what --format ${format} writes is measured on no images`);
  const run = await openRun(path);
  if (precision !== undefined) return exportSmaller(run, { ...flags, precision });
  const folder = out ?? (format === "onnx" ? path : join(path, format));
  const files: { readonly file: string; readonly bytes: number }[] = [];
  for (const [name, bytes] of Object.entries(await formats[format](run, flags))) {
    const file = join(folder, name);
    await writeWhole(file, bytes);
    files.push({ file, bytes: bytes.length });
  }
  print(
    files,
    files.map(({ file, bytes }) => `${file}   ${showBytes(bytes)}`),
    json,
  );
}
