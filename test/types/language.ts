/** What must not compile: `tsc` fails where one of these lines is no error any more. */

import type { Session } from "../../runtime/session.ts";
import type { rules } from "../../src/autodiff/rules.ts";
import { graph } from "../../src/ir/graph.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import type { OpType } from "../../src/ir/vocabulary.ts";
import { add, and, exp, gather, matMul, where } from "../../src/ops/index.ts";

const floats = input("floats", "float32", ["batch", 4]);
const doubles = input("doubles", "float64", ["batch", 4]);
const bytes = input("bytes", "uint8", ["batch", 4]);
const flags = input("flags", "bool", ["batch", 4]);
const positions = input("positions", "int64", [2]);

// Operands of one operator share a dtype, and it is one that the operator takes.
// @ts-expect-error float32 and float64
add<"float32">(floats, doubles);
// @ts-expect-error logic is for bool
and(floats, flags);
// @ts-expect-error exp is for floats
exp(bytes);
// @ts-expect-error matrix products are for floats
matMul(bytes, bytes);
// @ts-expect-error a condition is bool
where(floats, floats, floats);
// @ts-expect-error indices are integers
gather(floats, floats);
gather(floats, positions);

// A result's dtype is its operands'.
// @ts-expect-error the sum of floats is no bool
and(add(floats, 1), flags);

// Every operator has a rule, and a rule gives one cotangent an input.
// @ts-expect-error Mul has two inputs
const short: (typeof rules)["Mul"] = (dy) => [dy];
// @ts-expect-error a table without the other operators
const table: { readonly [K in OpType]: unknown } = { Add: null };
void [short, table];

// A session's feeds have the names and dtypes of its graph's inputs.
const doubled = graph("doubled", { floats }, { sum: add(floats, floats) });
declare const session: Session<typeof doubled.inputs, typeof doubled.outputs>;
const four = tensor("float32", [1, 4], new Float32Array(4));
const { sum } = await session.run({ floats: four });
const data: Float32Array = sum.data;
void data;
// @ts-expect-error there is no such input
session.run({ flots: four });
// @ts-expect-error bytes for floats
session.run({ floats: tensor("uint8", [1, 4], new Uint8Array(4)) });
// @ts-expect-error there is no such output
(await session.run({ floats: four })).product;
