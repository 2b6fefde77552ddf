/** Lines of text as images: one channel a character of an alphabet, one column a place in the line. */
import { fail } from "../ir/error.ts";
import type { Tensor } from "../ir/tensor.ts";
import { Images } from "./images.ts";

/**
 * Lines as one-hot images `[lines, characters, 1, length]` of 0 and 255. A character is a code point; lines shorter
 * than `length` end in spaces.
 *
 * Throws where a line is longer than that or has a character that is not in `alphabet`, and where that has one twice.
 */
export function imagesOfLines(lines: readonly string[], alphabet: string, length: number): Images {
  const channels = new Map([...alphabet].map((character, channel) => [character, channel]));
  if (channels.size !== [...alphabet].length)
    fail("text", `the alphabet "${alphabet}" has a character twice`);
  const size = channels.size * length;
  const data = new Uint8Array(lines.length * size);
  for (const [i, line] of lines.entries()) {
    const characters = [...line];
    if (characters.length > length)
      fail("text", `"${line}" has ${characters.length} characters, and ${length} are held`);
    for (let place = 0; place < length; place++) {
      const character = characters[place] ?? " ";
      const channel = channels.get(character);
      if (channel === undefined)
        fail("text", `"${line}" has "${character}", which is not in the alphabet "${alphabet}"`);
      data[i * size + channel * length + place] = 255;
    }
  }
  return new Images({ channels: channels.size, height: 1, width: length }, data);
}

/**
 * The lines that images, or a decoder's pixels `[lines, characters, 1, length]`, are: at each place the character with
 * the highest value. All have the full length, with the spaces that shorter ones end in.
 *
 * Throws where the channels are not as many as the alphabet has characters.
 */
export function linesOf(pixels: Images | Tensor<"float32">, alphabet: string): string[] {
  const characters = [...alphabet];
  const [count, channels, length] =
    pixels instanceof Images
      ? [pixels.count, pixels.image.channels, pixels.image.height * pixels.image.width]
      : [pixels.shape[0]!, pixels.shape[1]!, pixels.shape.slice(2).reduce((size, side) => size * side, 1)];
  if (channels !== characters.length)
    fail("text", `${channels} channels can't be read with an alphabet of ${characters.length} characters`);
  const { data } = pixels;
  return Array.from({ length: count }, (_, line) => {
    let text = "";
    for (let place = 0; place < length; place++) {
      const first = line * channels * length + place;
      let best = 0;
      for (let channel = 1; channel < channels; channel++)
        if (data[first + channel * length]! > data[first + best * length]!) best = channel;
      text += characters[best];
    }
    return text;
  });
}
