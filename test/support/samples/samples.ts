/** The samples of every operator: an operator without one does not compile. */
import type { OpType } from "../../../src/ir/vocabulary.ts";
import { activation } from "./activation.ts";
import { elementwise } from "./elementwise.ts";
import { loop } from "./loop.ts";
import { movement } from "./movement.ts";
import { pooling } from "./pooling.ts";
import { product } from "./product.ts";
import { quantisation } from "./quantisation.ts";
import { type Sample, type Samples, title } from "./sample.ts";
import { selection } from "./selection.ts";

export const samples: Samples<OpType> = {
  ...elementwise,
  ...activation,
  ...product,
  ...pooling,
  ...quantisation,
  ...movement,
  ...selection,
  ...loop,
};

/** One sample, its operator, and its position among that operator's. */
export interface Case<K extends OpType = OpType> {
  readonly op: K;
  readonly sample: Sample<K>;
  readonly number: number;
  readonly title: string;
}

function casesOf<K extends OpType>(op: K): Case<K>[] {
  const list: readonly Sample<K>[] = samples[op];
  return list.map((sample, number) => ({ op, sample, number, title: title(op, sample) }));
}

/** Every sample of every operator. */
export const cases: readonly Case[] = (Object.keys(samples) as OpType[]).flatMap(casesOf);
