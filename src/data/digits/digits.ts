/** The embedded data set: handwritten-looking digits, drawn from stroke skeletons by a seed. */
import { Images } from "../images.ts";
import { Random } from "../random.ts";
import { affine, elastic, jitter } from "./distort.ts";
import { blend, type Path, parsePath, trace } from "./path.ts";
import { ink, settle, takePen } from "./pen.ts";
import { rasterize } from "./raster.ts";
import { styles } from "./strokes.ts";

const SIDE = 28;
const BOX = 20;
const CLASSES = 10;

/**
 * `count` digits `[count, 1, 28, 28]`, white on black, and which digit each is. They are laid out as MNIST's are: the
 * ink in a box of 20 × 20 pixels, its centre of mass in the middle of the frame. Image `i` and its label depend on
 * `seed` and `i` alone, so that a longer set begins with the shorter one; of any ten images from a position divisible
 * by ten, each is a different digit.
 */
export function drawDigits(count: number, seed: number): { images: Images; labels: Uint8Array } {
  const size = SIDE * SIDE;
  const pixels = new Uint8Array(count * size);
  const labels = new Uint8Array(count);
  for (let first = 0; first < count; first += CLASSES) {
    labels.set(
      new Random(seed, `digits/labels/${first}`).permutation(CLASSES).subarray(0, count - first),
      first,
    );
  }
  for (let i = 0; i < count; i++) {
    drawDigit(labels[i]!, new Random(seed, `digits/${i}`), pixels.subarray(i * size, (i + 1) * size));
  }
  return { images: new Images({ channels: 1, height: SIDE, width: SIDE }, pixels, labels), labels };
}

/** Draws one digit into `out` (28 × 28 bytes, zero before). */
function drawDigit(digit: number, random: Random, out: Uint8Array): void {
  const path = jitter(choosePath(digit, random), random.uniform(0.5, 2.5), random);
  const bend = elastic(random.uniform(1, 5.5), random);
  const lean = affine(random);
  const strokes = path.map((knots) => trace(knots).map((point) => lean(bend(point))));
  rasterize(settle(ink(strokes, takePen(random)), BOX, SIDE), SIDE, out);
}

/** For each digit the styles it is written in, each as often as its share says; a style is a list of paths. */
const skeletons: readonly (readonly Path[])[][] = styles.map((digit) =>
  digit.flatMap(({ share, shapes }) => Array<readonly Path[]>(share).fill(shapes.map(parsePath))),
);

/** A style of the digit, as a blend of two of its shapes (or a little beyond one of them). */
function choosePath(digit: number, random: Random): Path {
  const choices = skeletons[digit]!;
  const paths = choices[random.integer(choices.length)]!;
  const [a, b] = random.permutation(paths.length);
  return blend(paths[a!]!, paths[b!]!, random.uniform(-0.1, 1.1));
}
