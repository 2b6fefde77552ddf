/** The MNIST digits (LeCun et al. 1998): from a folder, from the cache, or downloaded into it once. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../src/data/dataset.ts";
import { fail, IsthmusError } from "../../src/ir/error.ts";
import { type DownloadOptions, fetchOnce } from "./download.ts";
import { type IdxFolderOptions, loadIdxFolder } from "./idx-folder.ts";

/** The SHA-256 of each file, unpacked. */
const digests = {
  "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

const mirrors = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
  "https://raw.githubusercontent.com/fgnt/mnist/master/",
];

export interface MnistOptions extends Omit<IdxFolderOptions, "name">, Partial<DownloadOptions> {
  /** A folder with the IDX files, so that nothing is downloaded; else the environment's `ISTHMUS_MNIST`. */
  readonly folder?: string | undefined;
  /** Where downloads are kept; else `ISTHMUS_CACHE`, `$XDG_CACHE_HOME/isthmus/mnist` or `~/.cache/isthmus/mnist`. */
  readonly cache?: string | undefined;
}

/**
 * The 70,000 digits, `[count, 1, 28, 28]`: 58,000 to train on, 2,000 for validation and 10,000 for test, unless
 * `validation` says otherwise. Files in the cache are checked, and downloaded again where they are damaged.
 *
 * Throws where the folder holds no MNIST files, or where they can't be downloaded.
 */
export async function loadMnist(options: MnistOptions = {}): Promise<Dataset> {
  const { validation, limit, signal } = options;
  const folder = options.folder ?? (process.env.ISTHMUS_MNIST || (await filledCache(options)));
  return loadIdxFolder(folder, { name: "mnist", validation, limit, signal });
}

/** The folder of the cache, once it holds the files. */
async function filledCache(options: MnistOptions): Promise<string> {
  const folder = options.cache ?? defaultCache();
  await fetchOnce(folder, digests, { mirrors, ...options }).catch((error: unknown) => {
    if (!(error instanceof IsthmusError)) throw error;
    const ways = "give the folder of MNIST's four files as --data or in ISTHMUS_MNIST, or use --data digits";
    fail("mnist", `could not be downloaded: ${ways}; ${error.message}`);
  });
  return folder;
}

function defaultCache(): string {
  const { ISTHMUS_CACHE, XDG_CACHE_HOME } = process.env;
  return ISTHMUS_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "isthmus", "mnist");
}
