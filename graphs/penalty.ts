/** Penalties on codes, as data: what keeps a code sparse, or deaf to small changes of the image. */
import { z } from "zod";
import { grad } from "../src/autodiff/grad.ts";
import { within } from "../src/ir/origin.ts";
// biome-ignore format: one list of names
import {
  abs, add, clip, div, flatten, gemm, log, max, mul, reciprocal, reduceMean, reduceSum, square, sub, transpose,
} from "../src/ops/index.ts";
import type { Penalty } from "./deterministic.ts";
import type { Floats } from "./model.ts";

export const penalty = z.discriminatedUnion("kind", [
  /** The sum of the code's absolute values. */
  z.strictObject({ kind: z.literal("l1") }),
  /** KL(target ‖ mean activation of each unit over the batch), for codes in (0, 1) (Ng 2011, CS294A notes). */
  z.strictObject({ kind: z.literal("kl"), target: z.number().gt(0).lt(1).default(0.05) }),
  /** ‖∂code/∂image‖² (Frobenius; Rifai et al. 2011, eq. 2). */
  z.strictObject({ kind: z.literal("jacobian") }),
  /** The maximum mean discrepancy of the batch's codes and the standard normal prior (Tolstikhin et al. 2018, alg. 2). */
  z.strictObject({ kind: z.literal("mmd") }),
]);
export type PenaltyConfig = z.output<typeof penalty>;

export function penaltyOf(config: PenaltyConfig, latent: number): Penalty {
  const details = (code: Floats) => ({ activation: code });
  switch (config.kind) {
    case "l1":
      return { name: "L1 norm of the code", of: (code) => reduceSum(abs(code), [-1]), details };
    case "kl": {
      const { target } = config;
      return {
        name: "KL sparsity of the code",
        of: (code) => {
          const active = clip(reduceMean(code, [0]), 1e-6, 1 - 1e-6);
          const each = add(mul(log(active), -target), mul(log(sub(1, active)), target - 1));
          const entropy = target * Math.log(target) + (1 - target) * Math.log(1 - target);
          return toEach(code, add(reduceSum(each), latent * entropy));
        },
        details,
      };
    }
    case "jacobian":
      return {
        name: "squared norm of the encoder's Jacobian",
        // ‖J‖² = E‖Jᵀv‖² for standard normal v (Hutchinson 1989): one product with the Jacobian and not one a unit.
        of: (code, shown, batch) =>
          within("jacobian", () => {
            const along = reduceSum(mul(code, batch.normal("probe", [latent])));
            const [slope] = grad(along, [shown]) as [Floats];
            return reduceSum(square(flatten(slope)), [-1]);
          }),
      };
    case "mmd":
      return {
        name: "MMD to the prior",
        isPrior: true,
        of: (code, _, batch) =>
          within("mmd", () => toEach(code, discrepancy(code, batch.normal("noise", [latent]), latent))),
      };
  }
}

/** One number for the whole batch, given to each of its images. */
function toEach(code: Floats, value: Floats): Floats {
  return add(mul(reduceSum(code, [-1]), 0), value);
}

/** Widths of the kernels, as parts of the expected squared distance of two draws from the prior. */
const WIDTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10];

/** The unbiased estimate of MMD² of two samples `[n, latent]`, with a sum of inverse multiquadratic kernels. */
function discrepancy(a: Floats, b: Floats, latent: number): Floats {
  const norms = (x: Floats) => reduceSum(square(x), [-1], { keepDims: true });
  const similarity = (x: Floats, y: Floats) => {
    const distance = sub(add(norms(x), transpose(norms(y))), mul(gemm(x, y, undefined, { transB: true }), 2));
    const kernels = WIDTHS.map((width) => {
      const scale = 2 * latent * width;
      return mul(reciprocal(add(distance, scale)), scale);
    });
    return reduceSum(kernels.reduce((sum, kernel) => add(sum, kernel)));
  };
  const count = reduceSum(add(mul(norms(a), 0), 1));
  // A point is as near as can be to itself: those pairs are left out.
  const within = sub(add(similarity(a, a), similarity(b, b)), mul(count, 2 * WIDTHS.length));
  // A batch of one image, such as the last of an evaluation, has no pairs: 0 of 1 then, not of 0.
  const pairs = max(mul(count, sub(count, 1)), 1);
  return sub(div(within, pairs), div(mul(similarity(a, b), 2), square(count)));
}
