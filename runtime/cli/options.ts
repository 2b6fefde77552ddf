/** The options that several commands have. */
import { availableParallelism } from "node:os";
import { Option } from "commander";
import { atLeast, dimensions, integer, path } from "./usage.ts";

export const json = () => new Option("--json", "print JSON for machines");
export const threads = (what = "threads of ONNX Runtime") =>
  new Option("--threads <n>", what).argParser(atLeast(1, availableParallelism()));
export const device = (what: string) =>
  new Option("--device <name>", what).choices(["auto", "cpu", "cuda", "webgpu"]);
export const runsOn = () => device("what runs the model: auto takes the best that works").default("auto");
export const data = () =>
  new Option(
    "--data <set>",
    "digits, lines, tones, mnist, a .txt file, or a folder of IDX, image or WAV files",
  );
export const resize = () =>
  new Option("--resize <WxH>", "bring every image of a folder to one size").argParser(dimensions);
export const channels = () => new Option("--channels <n>", "1 for gray, 3 for colour").argParser(integer);
export const out = (what: string, file?: string) =>
  new Option("--out <path>", what).argParser(path).default(file);
export const label = (what: string) => new Option("--label <name>", what);
export const made = "picture (.png), or lines of text (.txt) or sound (.wav) of a model of such";
export const seed = () => new Option("--seed <n>", "seed of what is drawn at random").argParser(atLeast(0));
