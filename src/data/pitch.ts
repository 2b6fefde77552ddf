/** The pitch of a sound, by YIN (de Cheveigné & Kawahara 2002). */

const LOWEST = 60;
/** The lowest dip of a pitched sound is below this; a first dip that is below it is not taken for an overtone's. */
const CLEAR = 0.15;
/** Sounds whose best dip is above this have no pitch. */
const PITCHED = 0.5;

/**
 * The fundamental frequency, in Hz, of mono samples at `rate` a second, whatever their scale and offset; null where
 * they have none: silence, noise, or fewer than two periods. Frequencies from 60 Hz to a quarter of the rate are found.
 */
export function pitchOf(samples: ArrayLike<number>, rate: number): number | null {
  const longest = Math.min(Math.ceil(rate / LOWEST), samples.length >> 1);
  const difference = differences(samples, longest + 1);
  // The cumulative mean normalized difference, equation 8: 1 at lag 0, so that lag 0 is no dip.
  const normalized = new Float64Array(longest + 1).fill(1);
  let sum = 0;
  for (let lag = 1; lag <= longest; lag++) {
    sum += difference[lag]!;
    if (sum > 0) normalized[lag] = (difference[lag]! * lag) / sum;
  }
  const lag = firstDip(normalized);
  if (lag === null || normalized[lag]! > PITCHED) return null;
  return rate / (lag + vertex(difference[lag - 1]!, difference[lag]!, difference[lag + 1]!));
}

/** How much the samples differ from themselves `lag` samples later, for lags from 0 to `longest`: equation 6. */
function differences(samples: ArrayLike<number>, longest: number): Float64Array {
  const window = Math.max(0, samples.length - longest);
  return Float64Array.from({ length: longest + 1 }, (_, lag) => {
    let sum = 0;
    for (let i = 0; i < window; i++) sum += (samples[i]! - samples[i + lag]!) ** 2;
    return sum;
  });
}

/** The lag of the first clear dip, or else of the deepest; null where there is none. */
function firstDip(normalized: Float64Array): number | null {
  let deepest: number | null = null;
  for (let lag = 2; lag < normalized.length - 1; lag++) {
    const value = normalized[lag]!;
    if (value > normalized[lag - 1]! || value >= normalized[lag + 1]!) continue;
    if (value < CLEAR) return lag;
    if (deepest === null || value < normalized[deepest]!) deepest = lag;
  }
  return deepest;
}

/** Where, from the middle one of three neighbours, the parabola through them is lowest. */
function vertex(before: number, at: number, after: number): number {
  const bend = before - 2 * at + after;
  return bend === 0 ? 0 : (before - after) / (2 * bend);
}
