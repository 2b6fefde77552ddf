/** How benchmarks measure: contestants take turns, so that whatever else the machine does meets all of them. */
import type { Trainer } from "../runtime/trainer.ts";

/** What some steps took, and their mean loss in nats per image. */
export interface Measurement {
  readonly seconds: number;
  readonly steps: number;
  readonly loss: number;
}

/** Takes at least so many training steps. */
export type Contestant = (steps: number) => Promise<Measurement>;

/** A contestant's name, its milliseconds a step, how many times others' they are, and the last round's mean loss. */
interface Row {
  readonly title: string;
  readonly median: number;
  readonly min: number;
  /** The median over the rounds of this one's time by that of a reference in the same round, by its name. */
  readonly ratios: Readonly<Record<string, number>>;
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

/** What a trainer does until its next word. */
export async function advance(trainer: Trainer, runs: ReturnType<Trainer["train"]>) {
  const before = { ...trainer.position, ...trainer.pace };
  const { loss, step, validation } = (await runs.next()).value!;
  const { steps, seconds } = trainer.pace;
  return {
    steps: steps - before.steps,
    /** The sum of these steps' losses; what the trainer tells is the mean of the epoch so far. */
    loss: loss * step - before.sums.loss,
    /** Without the validation that ends an epoch. */
    seconds: seconds - before.seconds,
    isValidated: validation !== null,
  };
}

/** One row a contestant, compared with each of `references`. */
function rowsOf(
  measured: Readonly<Record<string, readonly Measurement[]>>,
  references: readonly string[],
): readonly Row[] {
  const perStep = (title: string) => measured[title]!.map(({ seconds, steps }) => (1000 * seconds) / steps);
  return Object.keys(measured).map((title) => ({
    title,
    median: median(perStep(title)),
    min: Math.min(...perStep(title)),
    ratios: Object.fromEntries(
      references.map((reference) => [
        reference,
        median(perStep(title).map((time, round) => time / perStep(reference)[round]!)),
      ]),
    ),
    loss: measured[title]!.at(-1)!.loss,
  }));
}

/** Prints what was measured: as one JSON object, or the setting on a line and a table below it. */
export function printRows(
  setting: Readonly<Record<string, unknown>>,
  measured: Readonly<Record<string, readonly Measurement[]>>,
  { references, json }: { readonly references: readonly string[]; readonly json: boolean },
): void {
  const rows = rowsOf(measured, references);
  if (json) {
    console.log(JSON.stringify({ setting, rows, rounds: measured }));
    return;
  }
  console.log(Object.values(setting).join(" · "));
  const table = rows.map(({ title, median, min, ratios, loss }) => [
    title,
    {
      "ms/step, median": +median.toFixed(2),
      "ms/step, least": +min.toFixed(2),
      ...Object.fromEntries(
        Object.entries(ratios).map(([reference, ratio]) => [`of ${reference}`, +ratio.toFixed(2)]),
      ),
      "loss at the end": +loss.toFixed(2),
    },
  ]);
  console.table(Object.fromEntries(table));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
