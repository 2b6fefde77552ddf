/** `isthmus inspect` */
import { type Cost, costOf } from "../../src/ir/cost.ts";
import { freeInputs } from "../../src/ir/graph.ts";
import { print as printGraph } from "../../src/ir/print.ts";
import { showType } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { chooseDevice, type DeviceChoice } from "../device.ts";
import { LARGEST_FILE, readBytes } from "../host/file.ts";
import { nodeHost } from "../host/node.ts";
import { placementOf } from "../host/node-placement.ts";
import { print, showBytes, showCount, showPlacement } from "./output.ts";
import { asked } from "./usage.ts";

interface Flags {
  /** Whose share of the nodes to tell. */
  readonly device?: DeviceChoice;
  readonly json?: boolean;
}

export async function inspectCommand(path: string, { device, json }: Flags): Promise<void> {
  const bytes = await asked(() => readBytes(path, LARGEST_FILE));
  const chosen = device && (await asked(() => chooseDevice(nodeHost, device)));
  const graph = decode(bytes, path);
  const cost = costOf(graph);
  const placement = chosen && { device: chosen, ...(await placementOf(bytes, chosen, path)) };
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
    ...(placement && { placement }),
  };
  const lines = [
    ...header(graph.doc, bytes.length, graph.metadata),
    "",
    printGraph(graph),
    "",
    ...figures(cost),
  ];
  print(
    result,
    placement === undefined ? lines : [...lines, showPlacement(placement.device, placement)],
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
