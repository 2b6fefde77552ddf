/** Tables of numbers as CSV: a header, then a line a row. */
import { fail } from "../src/ir/error.ts";
import { type Tensor, tensor } from "../src/ir/tensor.ts";

/** The rows of `[rows, columns]` under these names; `labels` become a last column. */
export function writeCsv(
  names: readonly string[],
  { shape, data }: Tensor<"float32">,
  labels: readonly string[] | null,
): string {
  const [rows = 0, columns = 0] = shape;
  const lines = Array.from({ length: rows }, (_, row) => {
    const numbers = Array.from(data.subarray(row * columns, (row + 1) * columns), String);
    return [...numbers, ...(labels === null ? [] : [quoted(labels[row] ?? "")])].join(",");
  });
  return [[...names, ...(labels === null ? [] : ["label"])].join(","), ...lines, ""].join("\n");
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The numbers of a table, a header line and a column `label` left out. Throws where a cell is no number. */
export function readCsv(text: string, subject: string): Tensor<"float32"> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const cells = lines.map((line) => line.split(","));
  const [first = []] = cells;
  const hasHeader = first.some((cell) => Number.isNaN(Number(cell)));
  const label = first.indexOf("label");
  const columns = label < 0 ? first.length : first.length - 1;
  const rows = cells.slice(hasHeader ? 1 : 0).map((row) => {
    // Whatever is too much is the label: one cell, or more where it has commas.
    const numbers = label < 0 ? row : row.toSpliced(label, row.length - columns);
    return numbers.map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell)));
  });
  for (const [i, row] of rows.entries()) {
    if (row.length !== columns || row.some((value) => !Number.isFinite(value))) {
      fail(subject, `line ${i + (hasHeader ? 2 : 1)} is not ${columns} numbers`);
    }
  }
  return tensor("float32", [rows.length, columns], Float32Array.from(rows.flat()));
}
