/** The last step of every loader: the name and the fingerprint that make loaded splits a data set. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Dataset, type Medium, type Split, type SplitName, splitNames } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";

/** A data set of these splits, whose images all have the shape of the training images, with its fingerprint. */
export function sealed(
  name: string,
  parts: Pick<Dataset, SplitName | "classes">,
  medium: Medium = { kind: "image" },
): Dataset {
  const { train, validation, test, classes } = parts;
  const hash = sha256.create();
  // Images came first, and their fingerprints stay; the same bytes are another data set with another alphabet or rate.
  if (medium.kind !== "image") hash.update(utf8ToBytes(`${JSON.stringify(medium)}\n`));
  for (const split of splitNames) {
    const { images, labels } = parts[split];
    const { channels, height, width } = images.image;
    const shape = `[${images.count},${channels},${height},${width}]`;
    hash.update(utf8ToBytes(`${split} ${shape} ${labels === null ? "" : "labelled"}\n`));
    hash.update(images.data);
    if (labels !== null) hash.update(labels);
  }
  const labelled = (split: Split): Split => ({
    ...split,
    images: new Images(split.images.image, split.images.data, split.labels),
  });
  return {
    name,
    medium,
    image: train.images.image,
    classes,
    train: labelled(train),
    validation: labelled(validation),
    test: labelled(test),
    fingerprint: bytesToHex(hash.digest()),
    source: null,
  };
}
