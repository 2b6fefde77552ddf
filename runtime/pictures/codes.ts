/** The latent codes that the latent grid needs decoded. */
import { normalQuantile } from "./normal.ts";

/**
 * The codes of the latent grid, `[side · side, 2]`: both latents at the quantiles (i + ½) / side of the prior (Kingma
 * & Welling 2014, appendix A). Rows run from the top, where the second latent is largest; the first one grows to the
 * right.
 */
export function latentGridCodes(side: number): Float32Array {
  const quantiles = Float64Array.from({ length: side }, (_, i) => normalQuantile((i + 0.5) / side));
  const codes = new Float32Array(side * side * 2);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      codes.set([quantiles[column]!, quantiles[side - 1 - row]!], 2 * (row * side + column));
  return codes;
}
