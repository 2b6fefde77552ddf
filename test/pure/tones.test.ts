/** The embedded tones: reproducible, within range; and YIN, which hears their pitch to a fraction of a semitone. */
import { describe, expect, it } from "vitest";
import { pitchOf } from "../../src/data/pitch.ts";
import { Random } from "../../src/data/random.ts";
import { drawTones, TONE_LENGTH, TONE_RATE } from "../../src/data/tones.ts";

const { images, frequencies } = drawTones(300, 1);
const clip = (i: number) => images.slice(i, i + 1).data;
const cents = (a: number, b: number) => 1200 * Math.log2(a / b);

describe("drawTones", () => {
  it("begins a longer set with the shorter one, and differs by seed", () => {
    const fewer = drawTones(7, 1);
    expect(fewer.images.data).toEqual(images.slice(0, 7).data);
    expect(fewer.frequencies).toEqual(frequencies.slice(0, 7));
    expect(drawTones(7, 2).frequencies).not.toEqual(fewer.frequencies);
  });

  it("spreads frequencies evenly over two octaves", () => {
    const octaves = Array.from(frequencies, (frequency) => Math.log2(frequency / 220));
    for (const quarter of [0, 0.5, 1, 1.5]) {
      const share = octaves.filter((octave) => octave >= quarter && octave < quarter + 0.5).length / 300;
      expect(share).toBeGreaterThan(0.17);
      expect(share).toBeLessThan(0.33);
    }
  });

  it("begins and ends in near silence, and never clips", () => {
    for (let i = 0; i < 300; i++) {
      const samples = clip(i);
      expect(Math.abs(samples[0]! - 128)).toBeLessThan(8);
      expect(Math.abs(samples[TONE_LENGTH - 1]! - 128)).toBeLessThan(10);
      const swing = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0);
      expect(swing).toBeGreaterThan(15);
      expect(swing).toBeLessThan(127);
    }
  });
});

describe("pitchOf", () => {
  it("is within 12 cents of every tone, and within 1 of most", () => {
    const errors = Array.from(frequencies, (frequency, i) =>
      Math.abs(cents(pitchOf(clip(i), TONE_RATE) ?? 1, frequency)),
    ).sort((a, b) => a - b);
    expect(errors[150]).toBeLessThan(1);
    expect(errors.at(-1)).toBeLessThan(12);
  });

  it("depends on neither scale nor offset", () => {
    const pitch = pitchOf(clip(0), TONE_RATE)!;
    const scaled = Float64Array.from(clip(0), (byte) => byte / 1000 - 7);
    expect(pitchOf(scaled, TONE_RATE)).toBeCloseTo(pitch, 6);
  });

  it("hears the fundamental of harmonics that are louder than it", () => {
    const wave = Float64Array.from({ length: 2048 }, (_, i) => {
      const turn = (2 * Math.PI * 150 * i) / 16_000;
      return 0.2 * Math.sin(turn) + Math.sin(2 * turn + 1) + Math.sin(3 * turn + 2);
    });
    expect(Math.abs(cents(pitchOf(wave, 16_000)!, 150))).toBeLessThan(3);
  });

  it("is null where there is none: silence, noise, a few samples", () => {
    expect(pitchOf(new Uint8Array(1024).fill(128), 8000)).toBeNull();
    expect(pitchOf(new Random(1, "noise").fillNormal(new Float32Array(1024)), 8000)).toBeNull();
    expect(pitchOf([], 8000)).toBeNull();
    expect(pitchOf([1, 2, 1], 8000)).toBeNull();
  });
});
