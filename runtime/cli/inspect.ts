/** `isthmus inspect` */
import { type Cost, costOf } from "../../src/ir/cost.ts";
import { freeInputs } from "../../src/ir/graph.ts";
import { print as printGraph } from "../../src/ir/print.ts";
import { showType } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { readBytes } from "../host/file.ts";
import { print, showBytes, showCount } from "./output.ts";
import { asked } from "./usage.ts";

/** Protobuf messages end here. */
const LARGEST = 2 ** 31;

export async function inspectCommand(path: string, { json }: { readonly json?: boolean }): Promise<void> {
  const bytes = await asked(() => readBytes(path, LARGEST));
  const graph = decode(bytes, path);
  const cost = costOf(graph);
  const types = (values: readonly (readonly [string, Parameters<typeof showType>[0]])[]) =>
    Object.fromEntries(values.map(([name, value]) => [name, showType(value)]));
  const result = {
    name: graph.name,
    doc: graph.doc,
    inputs: types(freeInputs(graph)),
    outputs: types(Object.entries(graph.outputs)),
    weights: types(Object.entries(graph.weights)),
    metadata: graph.metadata,
    ...cost,
    operators: Object.fromEntries(cost.operators),
  };
  print(
    result,
    [...header(graph.doc, bytes.length, graph.metadata), "", printGraph(graph), "", ...figures(cost)],
    json,
  );
}

function header(doc: string, bytes: number, metadata: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(metadata).map(([key, value]) => `${key}: ${value}`);
  return [...(doc === "" ? [] : [doc]), `file: ${showBytes(bytes)}`, ...entries];
}

function figures({ operations, parameters, bytes, operators }: Cost): string[] {
  return [
    `parameters: ${showCount(parameters)} (${showBytes(bytes)})`,
    `operators: ${operators.map(([op, count]) => `${op} ${count}`).join(", ")}`,
    `cost: ${showCount(operations)} operations a run (one of every named dimension)`,
  ];
}
