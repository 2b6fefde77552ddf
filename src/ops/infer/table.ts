/** The shape inference of every operator. */
import type { OpType } from "../../ir/vocabulary.ts";
import { elementwise } from "./elementwise.ts";
import { movement } from "./movement.ts";
import { product } from "./product.ts";
import { quantisation } from "./quantisation.ts";
import { selection } from "./selection.ts";
import type { Family } from "./type.ts";

export const inference: Family<OpType> = {
  ...elementwise,
  ...product,
  ...quantisation,
  ...movement,
  ...selection,
};
