/** How a data set without splits of its own is divided. */
import { fail } from "../ir/error.ts";

/** The part of the images that test takes where the data say nothing of it. */
export const TEST_SHARE = 0.1;

/**
 * The part of `total` images that validation takes where nobody says another: a tenth, and at most 2,000. That many
 * tell two epochs of a run apart, and every image more is one less to train on.
 */
export function validationShare(total: number): number {
  return Math.min(0.1, 2000 / total);
}

/** The range of positions, `start` to `end` − 1, that a split takes from its source. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Divides `total` images into training images first, then validation, then test images. A share below 1 is a part
 * of `total` (at least one image), from 1 on it is a number of images, and 0 is for a split found elsewhere.
 *
 * Throws, naming `place` and what there are too few of, where no training image would be left.
 */
export function divide(
  total: number,
  shares: { readonly validation: number; readonly test: number },
  place: string,
  noun = "images",
): { train: Range; validation: Range; test: Range } {
  const count = (share: number) =>
    share > 0 && share < 1 ? Math.max(1, Math.round(share * total)) : Math.floor(share);
  const validation = count(shares.validation);
  const test = count(shares.test);
  const train = total - validation - test;
  if (train < 1) {
    const parts = [`${validation} validation`, `${test} test`].filter((part) => !part.startsWith("0 "));
    const wanted = parts.length === 0 ? "" : `: ${parts.join(" and ")} ${noun} leave none to train on`;
    fail(place, `${total} ${noun} are too few${wanted}`);
  }
  return {
    train: { start: 0, end: train },
    validation: { start: train, end: train + validation },
    test: { start: train + validation, end: total },
  };
}
