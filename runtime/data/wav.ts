/** WAV files as 8-bit mono samples, and back. */
import wavefile from "wavefile";
import { fail } from "../../src/ir/error.ts";

/** A mono clip: 8-bit unsigned samples, 128 for silence, `rate` of them a second. */
export interface Clip {
  readonly samples: Uint8Array;
  readonly rate: number;
}

/** For each encoding that is read, what a sample is divided by to lie in [−1, 1]; 8-bit samples have 128 for zero. */
const scales: Readonly<Record<string, number>> = { 8: 2 ** 7, 16: 2 ** 15, 24: 2 ** 23, "32f": 1 };
const PCM = 1;
const FLOAT = 3;
/** The format is then the first bytes of the subformat. */
const EXTENSIBLE = 0xfffe;

interface Format {
  readonly audioFormat: number;
  readonly numChannels: number;
  readonly sampleRate: number;
  readonly subformat: readonly number[];
}

/**
 * Reads a WAV file of 8-, 16- or 24-bit PCM or 32-bit floating-point samples; channels are averaged.
 *
 * Throws, naming `place` (the file), where it is damaged, empty, or encoded otherwise.
 */
export function readWav(bytes: Uint8Array, place: string): Clip {
  const file = new wavefile.WaveFile();
  try {
    file.fromBuffer(bytes);
  } catch (error) {
    fail(place, `is not a WAV file that can be read: ${error instanceof Error ? error.message : error}`);
  }
  const { audioFormat, numChannels, sampleRate, subformat } = file.fmt as Format;
  const { chunkSize, samples: held } = file.data as { chunkSize: number; samples: Uint8Array };
  const scale = scales[file.bitDepth];
  const format = audioFormat === EXTENSIBLE ? subformat[0]! & 0xffff : audioFormat;
  if (scale === undefined || format !== (file.bitDepth === "32f" ? FLOAT : PCM)) {
    const encoding = `is encoded as format ${audioFormat} with ${file.bitDepth} bits a sample`;
    fail(place, `${encoding}: only 8-, 16- and 24-bit PCM (1) and 32-bit floating-point (3) are read`);
  }
  if (held.length < chunkSize)
    fail(
      place,
      `is cut short: its header promises ${chunkSize} bytes of sound, and ${held.length} follow it`,
    );
  if (sampleRate === 0 || numChannels === 0)
    fail(place, `has a damaged WAV header: ${numChannels} channels at ${sampleRate} Hz`);
  const count = Math.floor((8 * held.length) / Number.parseInt(file.bitDepth, 10) / numChannels);
  if (count === 0) fail(place, "holds no sound");

  const interleaved = file.getSamples(true, Float64Array) as unknown as Float64Array;
  const zero = file.bitDepth === "8" ? 128 : 0;
  const samples = Uint8ClampedArray.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let channel = 0; channel < numChannels; channel++)
      sum += interleaved[i * numChannels + channel]! - zero;
    return 128 + (128 * sum) / (scale * numChannels); // rounded and clamped by the array
  });
  return { samples: new Uint8Array(samples.buffer), rate: sampleRate };
}

/** The bytes of a mono WAV file of 8-bit samples, as they are in a clip: what `readWav` reads back unchanged. */
export function writeWav(samples: Uint8Array, rate: number): Uint8Array {
  const file = new wavefile.WaveFile();
  file.fromScratch(1, rate, "8", samples);
  return file.toBuffer();
}
