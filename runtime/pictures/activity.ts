/** How busy the units of a code and the vectors of a codebook are. */
import { barPicture } from "./bars.ts";
import type { Picture } from "./picture.ts";

/** A unit is active on an image where its activation is above this share of the highest one. */
const ACTIVE_ABOVE = 0.1;

/** The mean absolute activation of each unit of codes `[count, units]`, and what share of them is active on an image. */
export async function unitActivity(codes: Float32Array, units: number, noun = "image"): Promise<Picture> {
  const count = codes.length / units;
  const highest = codes.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const means = new Float64Array(units);
  const isUsed = new Uint8Array(units);
  let active = 0;
  for (const [i, value] of codes.entries()) {
    means[i % units]! += Math.abs(value) / count;
    if (Math.abs(value) <= ACTIVE_ABOVE * highest) continue;
    active++;
    isUsed[i % units] = 1;
  }
  const share = percent(active / codes.length);
  const idle = units - isUsed.reduce((sum, used) => sum + used, 0);
  return barPicture(
    means,
    {
      title: "Mean activation of the code's units",
      vertical: `mean over the test ${noun}s`,
      each: ["unit of the code", "units"],
      order: "their activation",
    },
    {
      name: "activations",
      title: "How sparse the codes are",
      caption: `On ${article(noun)}, ${share} of the ${units} units are active on average: above a tenth of the highest activation there is. ${
        idle === 0
          ? "Every unit is active on some."
          : `${idle} ${idle === 1 ? "is" : "are"} active on none of them.`
      }`,
      alt: `A bar chart of the mean activation of ${units} units, in falling order; ${share} are active at a time`,
    },
  );
}

/** `usage`: the share of places at which each code of the codebook is chosen, which add up to 1. */
export async function codeUsage(usage: ArrayLike<number>): Promise<Picture> {
  const shares = Array.from(usage);
  const used = shares.filter((share) => share > 0).length;
  const entropy = shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
  const perplexity = Math.exp(entropy).toFixed(1);
  return barPicture(
    shares.map((share) => 100 * share),
    {
      title: "Use of the codebook",
      vertical: "percent of all places",
      each: ["code", "codes"],
      order: "their use",
    },
    {
      name: "code-usage",
      title: "How often each code is used",
      caption: `Every place of a test image's code is one of ${shares.length} vectors. ${used} of them (${percent(used / shares.length)}) ${used === 1 ? "is" : "are"} used at all, and the perplexity is ${perplexity}: as if ${perplexity} were used equally often.`,
      alt: `A bar chart of how often each of ${shares.length} codes is used, in falling order; ${used} are used at all`,
    },
  );
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value < 10 && value > 0 ? value.toPrecision(2) : value.toFixed(0)} %`;
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
