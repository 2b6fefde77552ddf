/** The data of a training in the page: drawn here, or from dropped files. */
import { parse } from "../../../graphs/config.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { fail } from "../../../src/ir/error.ts";
import { type Dropped, loadDropped } from "../../data/dropped.ts";
import { isGenerated, loadGenerated } from "../../data/generated.ts";
import { dataSpec } from "../../data/spec.ts";
import type { RunConfig } from "../../run-config.ts";
import type { DataChoice } from "./messages.ts";

type Tell = (what: string) => void;

/** What the form asks for. Throws, naming the file, where one can't be read. */
export async function chosenData(choice: DataChoice, tell: Tell): Promise<Dataset> {
  if (choice.kind === "digits") {
    const held = Math.max(50, Math.min(500, Math.round(choice.count / 8)));
    return drawn({ name: "digits", limit: choice.count, validation: held, test: held }, tell);
  }
  return dropped(choice.files, { side: choice.side, channels: choice.channels }, {}, tell);
}

/**
 * The data that a run began with: drawn again, or of the same files as then. Throws where files are needed and are not
 * there; that they are not the same is found by their fingerprint, later.
 */
export async function dataOf(
  { data, model }: RunConfig,
  files: readonly Dropped[] | undefined,
  tell: Tell,
): Promise<Dataset> {
  const { name, medium, source } = data;
  const spec = source === null ? { name } : parse(dataSpec, source, "data");
  if (source !== null && isGenerated(spec.name)) return drawn(spec, tell);
  if (files === undefined || files.length === 0)
    fail("data", `the run was begun on ${name}, which the page does not have: drop the same files to go on`);
  if (medium.kind !== "image")
    fail("data", `the run was begun on ${medium.kind} from files, which the page can't read: go on in Node`);
  const { height: side, channels } = model.image;
  return dropped(files, { side, channels: channels === 1 ? 1 : 3 }, spec, tell);
}

function drawn(spec: ReturnType<typeof dataSpec.parse>, tell: Tell): Dataset {
  tell(`drawing ${spec.name}`);
  const { name, resize: _, channels: __, ...division } = spec;
  return isGenerated(name)
    ? { ...loadGenerated(name, division), source: spec }
    : fail("data", `${name} are not drawn here`);
}

async function dropped(
  files: readonly Dropped[],
  { side, channels }: { readonly side: number; readonly channels: 1 | 3 },
  division: Partial<ReturnType<typeof dataSpec.parse>>,
  tell: Tell,
): Promise<Dataset> {
  const { validation, test, limit, seed, name } = division;
  tell("reading the files");
  let told = performance.now();
  return loadDropped(files, {
    ...{ validation, test, limit, seed, name, channels },
    size: { width: side, height: side },
    onProgress: (done, total) => {
      if (performance.now() - told < 250) return;
      told = performance.now();
      tell(`reading image ${done} of ${total}`);
    },
  });
}
