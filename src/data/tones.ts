/** The embedded data set of sound: short single tones of many pitches and timbres, made by a seed. */
import { Images } from "./images.ts";
import { Random } from "./random.ts";

/** Samples in a clip, and samples a second. */
export const TONE_LENGTH = 1024;
export const TONE_RATE = 8000;

const LOWEST = 220;
const HIGHEST = 880;
const HARMONICS = 4;

/**
 * `count` clips `[count, 1, 1, 1024]` at 8000 Hz, 8-bit unsigned, and the frequency of each in Hz: log-uniform over
 * the two octaves from 220 Hz. Loudness, phases, the strength of the harmonics, attack and decay vary, and there is
 * a little noise. Clip `i` depends on `seed` and `i` alone, so that a longer set begins with the shorter one.
 */
export function drawTones(
  count: number,
  seed: number,
): { readonly images: Images; readonly frequencies: Float64Array } {
  const data = new Uint8Array(count * TONE_LENGTH);
  const frequencies = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const random = new Random(seed, `tones/${i}`);
    frequencies[i] = LOWEST * (HIGHEST / LOWEST) ** random.uniform();
    drawTone(frequencies[i]!, random, data.subarray(i * TONE_LENGTH, (i + 1) * TONE_LENGTH));
  }
  return { images: new Images({ channels: 1, height: 1, width: TONE_LENGTH }, data), frequencies };
}

function drawTone(frequency: number, random: Random, out: Uint8Array): void {
  const loudness = random.uniform(0.3, 0.9);
  const brightness = random.uniform(0.1, 0.6);
  const evenness = random.uniform(0, 1); // none of the even harmonics sounds like a clarinet
  const attack = random.uniform(0.004, 0.02);
  const decay = random.uniform(0.06, 0.4);
  const hiss = random.uniform(0.002, 0.01);
  const harmonics = Array.from({ length: HARMONICS }, (_, k) => ({
    turns: (k + 1) * frequency,
    phase: random.uniform(0, 2 * Math.PI),
    strength: brightness ** k * (k % 2 === 1 ? evenness : 1),
  }));
  const noise = random.fillNormal(new Float32Array(out.length));
  // So that no phases of the harmonics can drive the sum beyond the range.
  const whole = harmonics.reduce((sum, { strength }) => sum + strength, 0);
  for (let i = 0; i < out.length; i++) {
    const time = i / TONE_RATE;
    const left = (out.length - i) / TONE_RATE;
    const envelope = Math.min(1, time / attack, left / attack) * Math.exp(-time / decay);
    let wave = 0;
    for (const { turns, phase, strength } of harmonics)
      wave += strength * Math.sin(2 * Math.PI * turns * time + phase);
    const sample = loudness * envelope * (wave / whole) + hiss * noise[i]!;
    out[i] = Math.max(0, Math.min(255, Math.round(128 + 127 * sample)));
  }
}
