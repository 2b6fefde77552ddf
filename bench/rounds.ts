/** How benchmarks measure: contestants take turns, so that whatever else the machine does meets all of them. */

/** What some steps took, and their mean loss in nats per image. */
export interface Measurement {
  readonly seconds: number;
  readonly steps: number;
  readonly loss: number;
}

/** Takes at least so many training steps. */
export type Contestant = (steps: number) => Promise<Measurement>;

/** A contestant's name, its milliseconds a step, how many times another's they are, and the last round's mean loss. */
interface Row {
  readonly title: string;
  readonly median: number;
  readonly min: number;
  /** The median over the rounds of this one's time by that of `reference` in the same round. */
  readonly ratio: number;
  readonly loss: number;
}

/**
 * Lets everyone take turns for some rounds, after one that is not counted. Within a round all take as many steps as the
 * first took, so that their losses can be compared.
 */
export async function compete(
  contestants: Readonly<Record<string, Contestant>>,
  { rounds, steps }: { readonly rounds: number; readonly steps: number },
): Promise<Readonly<Record<string, readonly Measurement[]>>> {
  const measured = Object.fromEntries(Object.keys(contestants).map((title) => [title, [] as Measurement[]]));
  for (let round = -1; round < rounds; round++) {
    let due = steps;
    for (const [title, run] of Object.entries(contestants)) {
      const measurement = await run(due);
      due = measurement.steps;
      if (round >= 0) measured[title]!.push(measurement);
    }
  }
  return measured;
}

/** One row a contestant, compared with `reference`. */
function rowsOf(
  measured: Readonly<Record<string, readonly Measurement[]>>,
  reference: string,
): readonly Row[] {
  const perStep = (title: string) => measured[title]!.map(({ seconds, steps }) => (1000 * seconds) / steps);
  return Object.keys(measured).map((title) => ({
    title,
    median: median(perStep(title)),
    min: Math.min(...perStep(title)),
    ratio: median(perStep(title).map((time, round) => time / perStep(reference)[round]!)),
    loss: measured[title]!.at(-1)!.loss,
  }));
}

/** Prints what was measured: as one JSON object, or the setting on a line and a table below it. */
export function printRows(
  setting: Readonly<Record<string, unknown>>,
  measured: Readonly<Record<string, readonly Measurement[]>>,
  { reference, json }: { readonly reference: string; readonly json: boolean },
): void {
  const rows = rowsOf(measured, reference);
  if (json) {
    console.log(JSON.stringify({ setting, rows, rounds: measured }));
    return;
  }
  console.log(Object.values(setting).join(" · "));
  const table = rows.map(({ title, median, min, ratio, loss }) => [
    title,
    {
      "ms/step, median": +median.toFixed(2),
      "ms/step, least": +min.toFixed(2),
      [`of ${reference}`]: +ratio.toFixed(2),
      "loss at the end": +loss.toFixed(2),
    },
  ]);
  console.table(Object.fromEntries(table));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
