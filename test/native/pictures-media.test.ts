/** The pictures of text and of sound: what is marked, what is counted, and a PNG of the size that the rows need. */
import { Jimp } from "jimp";
import { describe, expect, test } from "vitest";
import { lineInterpolations, lineReconstructions, lineSamples } from "../../runtime/pictures/lines.ts";
import type { Picture } from "../../runtime/pictures/picture.ts";
import { waveforms, waveSamples } from "../../runtime/pictures/waveforms.ts";
import { Images } from "../../src/data/images.ts";
import { drawTones, TONE_RATE } from "../../src/data/tones.ts";

const count = (picture: Picture, mark: string) => picture.panels[0]!.split(mark).length - 1;

/** Width and height of the SVG, and of its PNG less its margins at twice the size. */
async function sizes({ png, panels }: Picture) {
  const { width, height } = await Jimp.read(Buffer.from(png));
  const side = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(panels[0]!)?.[1]);
  return { svg: [side("width"), side("height")], png: [width / 2 - 32, height / 2 - 32] };
}

describe("pictures of lines", () => {
  test("mark the characters that differ, and count them", async () => {
    const picture = await lineReconstructions(["a cat", "a <b>", "a dog"], ["a cat", "a <c>", "o do "]);
    expect(count(picture, "<rect")).toBe(3);
    expect(picture.caption).toContain("80.0 % are right; 1 of 3 lines are whole.");
    expect(picture.panels[0]).toContain("&#60;");
    const { svg, png } = await sizes(picture);
    expect(png).toEqual(svg);
  });

  test("show samples in two columns, all of them", async () => {
    const picture = await lineSamples(["ab", "cd", "e"]);
    expect(count(picture, "<rect")).toBe(0);
    expect(count(picture, "text-anchor")).toBe(5);
  });

  test("mark what each step of an interpolation changed", async () => {
    const picture = await lineInterpolations(["aa", "ab", "bb", "cc", "cc", "cd"], 3);
    expect(count(picture, "<rect")).toBe(3);
    expect(picture.alt).toContain("2 columns of 3 lines");
  });
});

describe("pictures of sound", () => {
  const { images, frequencies } = drawTones(6, 1);

  test("show each clip above its reconstruction, both with their pitch", async () => {
    const silence = new Images(images.image, new Uint8Array(images.data.length).fill(128));
    const picture = await waveforms(images, silence, TONE_RATE);
    for (const frequency of frequencies)
      expect(picture.panels[0]).toMatch(
        new RegExp(`>(${Math.floor(frequency) - 1}|${Math.floor(frequency)}|${Math.ceil(frequency)}) Hz<`),
      );
    expect(count(picture, ">no pitch<")).toBe(6);
    expect(picture.caption).toContain("the first 40 ms");
    const { svg, png } = await sizes(picture);
    expect(png).toEqual(svg);
  });

  test("show samples four in a row", async () => {
    const tall = await sizes(await waveSamples(images, TONE_RATE));
    const flat = await sizes(await waveSamples(images.slice(0, 4), TONE_RATE));
    expect(tall.svg[0]).toBe(flat.svg[0]);
    expect(tall.svg[1]).toBeGreaterThan(flat.svg[1]!);
  });
});
