/** Contact sheets: many small images on one page, every pixel of theirs a crisp square. */
import type { ImageShape, Images } from "../../src/data/images.ts";
import { blank, paste, type Raster, type Rgb } from "./raster.ts";
import { textRaster } from "./svg.ts";

const MARGIN = 12;
const LABEL_SPACE = 12;
const LABEL_SIZE = 13;
const TARGET_WIDTH = 1000;
const BACKGROUND: Rgb = [28, 31, 36];
const LABEL_COLOR = "#aeb4bd";

export interface SheetLayout {
  readonly columns: number;
  /** Pixels between two images; 2 where not given. */
  readonly gap?: number;
  /** The side of the square that a pixel becomes; where not given, what makes the images about 1000 wide. */
  readonly scale?: number;
  /** Names of the rows, written to their left and repeated; rows of one set stand closer than sets. */
  readonly rowLabels?: readonly string[];
  /** The height of their letters in pixels; 13 where not given. */
  readonly labelSize?: number;
  /** Cells, counted in rows from the top left, that are passed over. */
  readonly empty?: ReadonlySet<number>;
}

/** Where things are on a sheet, in pixels. */
export interface SheetGeometry {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  /** The left edge of the images in a column. */
  readonly left: (column: number) => number;
  /** The upper edge of the images in a row. */
  readonly top: (row: number) => number;
}

/** Lays `count` images out in rows, from the left; `labelWidth` pixels are kept for the rows' labels. */
export function sheetGeometry(
  image: ImageShape,
  count: number,
  layout: SheetLayout,
  labelWidth = 0,
): SheetGeometry {
  const { columns, gap = 2, rowLabels = [] } = layout;
  const scale = layout.scale ?? Math.max(1, Math.round(TARGET_WIDTH / (columns * image.width)));
  const rowsPerSet = Math.max(1, rowLabels.length);
  const setGap = rowLabels.length > 1 ? 5 * gap : 0;
  const rows = Math.ceil(count / columns);
  const start = MARGIN + (labelWidth > 0 ? labelWidth + LABEL_SPACE : 0);
  const left = (column: number) => start + column * (image.width * scale + gap);
  const top = (row: number) =>
    MARGIN + row * (image.height * scale + gap) + Math.floor(row / rowsPerSet) * setGap;
  return {
    width: left(columns - 1) + image.width * scale + MARGIN,
    height: top(rows - 1) + image.height * scale + MARGIN,
    scale,
    left,
    top,
  };
}

/** Draws images on a sheet, in rows from the top left. */
export async function contactSheet(images: Images, layout: SheetLayout): Promise<Raster> {
  const labels = await Promise.all(
    (layout.rowLabels ?? []).map((label) =>
      textRaster(label, { size: layout.labelSize ?? LABEL_SIZE, color: LABEL_COLOR, background: BACKGROUND }),
    ),
  );
  const labelWidth = Math.max(0, ...labels.map((label) => label.width));
  const { columns, empty = new Set() } = layout;
  const cells = images.count + empty.size;
  const geometry = sheetGeometry(images.image, cells, layout, labelWidth);
  const sheet = blank(geometry.width, geometry.height, BACKGROUND);
  for (let cell = 0, image = 0; cell < cells; cell++) {
    if (empty.has(cell)) continue;
    const drawn = enlarge(images, image++, geometry.scale);
    paste(sheet, drawn, geometry.left(cell % columns), geometry.top(Math.floor(cell / columns)));
  }
  const rows = Math.ceil(cells / columns);
  for (let row = 0; row < rows && labels.length > 0; row++) {
    const label = labels[row % labels.length]!;
    const middle = geometry.top(row) + (images.image.height * geometry.scale) / 2;
    paste(
      sheet,
      label,
      MARGIN + labelWidth - label.width,
      Math.max(0, Math.round(middle - label.height / 2)),
    );
  }
  return sheet;
}

/** Image `position`, gray or colour, each of its pixels `scale` × `scale`. */
export function enlarge({ image, data }: Images, position: number, scale: number): Raster {
  const { channels, height, width } = image;
  const plane = height * width;
  const start = position * channels * plane;
  const [green, blue] = channels >= 3 ? [plane, 2 * plane] : [0, 0];
  const cell = blank(width * scale, height * scale, [0, 0, 0]);
  for (let y = 0, out = 0; y < cell.height; y++) {
    for (let x = 0; x < cell.width; x++, out += 4) {
      const pixel = start + Math.floor(y / scale) * width + Math.floor(x / scale);
      cell.data[out] = data[pixel]!;
      cell.data[out + 1] = data[pixel + green]!;
      cell.data[out + 2] = data[pixel + blue]!;
    }
  }
  return cell;
}
