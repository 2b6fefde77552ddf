/** The checkpoint of ONNX Runtime's on-device training: a FlatBuffers file (its ort_training_checkpoint.fbs). */
import { Builder, type Offset } from "flatbuffers";
import { arrayFromBytes } from "../../src/ir/dtype.ts";
import { fail } from "../../src/ir/error.ts";
import { sizeOf, type Tensor, tensor } from "../../src/ir/tensor.ts";
import { dataTypes } from "../../src/onnx/schema.ts";
import { Damage, rootOf, type Table } from "./flatbuffer.ts";

type Floats = Readonly<Record<string, Tensor<"float32">>>;

/** What the optimizer keeps beside the parameters. */
export interface OptimizerGroup {
  /** Updates so far. */
  readonly step: number;
  readonly learningRate: number;
  /** Means of the gradients and of their squares, by the parameter's name. */
  readonly firstMoments: Floats;
  readonly secondMoments: Floats;
}

export interface SessionCheckpoint {
  readonly parameters: Floats;
  /** Undefined where it was saved without the optimizer's state, or before its first step. */
  readonly optimizer?: OptimizerGroup | undefined;
}

/** Fields in the schema's order. */
const fields = {
  checkpoint: { version: 0, moduleState: 1, optimizerGroups: 2 },
  moduleState: { trainable: 0, frozen: 1, isNominal: 2, isExternal: 3 },
  group: { name: 0, step: 1, learningRate: 2, states: 3 },
  state: { name: 0, moments: 1 },
  tensor: { name: 0, dims: 2, dtype: 3, data: 4 },
} as const;

const IDENTIFIER = "ODTC";
/** What ONNX Runtime 1.17 to 1.19 write. */
const VERSION = 2;
/** All parameters are in one group, which has no other name. */
const GROUP = "group0";
const moments = ["momentum0", "momentum1"] as const;

/** The bytes of a checkpoint. */
export function writeCheckpoint({ parameters, optimizer }: SessionCheckpoint): Uint8Array {
  const copies = optimizer === undefined ? 1 : 3;
  const values = Object.values(parameters).reduce((size, { data }) => size + data.byteLength, 0);
  const builder = new Builder(copies * values + 4096);
  const groups = optimizer === undefined ? [] : [writeGroup(builder, optimizer)];
  const trainable = vector(builder, tensors(builder, parameters));
  const frozen = vector(builder, []);
  builder.startObject(4);
  builder.addFieldOffset(fields.moduleState.trainable, trainable, 0);
  builder.addFieldOffset(fields.moduleState.frozen, frozen, 0);
  const moduleState = builder.endObject();
  const optimizerGroups = vector(builder, groups);
  builder.startObject(4);
  builder.addFieldInt32(fields.checkpoint.version, VERSION, 0);
  builder.addFieldOffset(fields.checkpoint.moduleState, moduleState, 0);
  builder.addFieldOffset(fields.checkpoint.optimizerGroups, optimizerGroups, 0);
  builder.finish(builder.endObject(), IDENTIFIER);
  return builder.asUint8Array();
}

function writeGroup(
  builder: Builder,
  { step, learningRate, firstMoments, secondMoments }: OptimizerGroup,
): Offset {
  const states = Object.keys(firstMoments).map((parameter) => {
    const pair = { [moments[0]]: firstMoments[parameter]!, [moments[1]]: secondMoments[parameter]! };
    const kept = vector(builder, tensors(builder, pair));
    const name = builder.createString(parameter);
    builder.startObject(2);
    builder.addFieldOffset(fields.state.name, name, 0);
    builder.addFieldOffset(fields.state.moments, kept, 0);
    return builder.endObject();
  });
  const name = builder.createString(GROUP);
  const all = vector(builder, states);
  builder.startObject(4);
  builder.addFieldOffset(fields.group.name, name, 0);
  builder.addFieldInt64(fields.group.step, BigInt(step), 0n);
  builder.addFieldFloat32(fields.group.learningRate, learningRate, 0);
  builder.addFieldOffset(fields.group.states, all, 0);
  return builder.endObject();
}

function tensors(builder: Builder, named: Floats): Offset[] {
  return Object.entries(named).map(([key, { shape, data: values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    // ONNX Runtime reads the numbers where they lie, and refuses those that are not aligned to 8 bytes.
    builder.prep(8, bytes.length);
    const data = builder.createByteVector(bytes);
    builder.startVector(8, shape.length, 8);
    for (const dim of shape.toReversed()) builder.addInt64(BigInt(dim));
    const dims = builder.endVector();
    const name = builder.createString(key);
    builder.startObject(6);
    builder.addFieldOffset(fields.tensor.name, name, 0);
    builder.addFieldOffset(fields.tensor.dims, dims, 0);
    builder.addFieldInt32(fields.tensor.dtype, dataTypes.float32, 0);
    builder.addFieldOffset(fields.tensor.data, data, 0);
    return builder.endObject();
  });
}

function vector(builder: Builder, offsets: readonly Offset[]): Offset {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

/** What is in a checkpoint. Throws one line where it is damaged, or none of ONNX Runtime's. */
export function readCheckpoint(bytes: Uint8Array, subject: string): SessionCheckpoint {
  try {
    return read(rootOf(bytes, IDENTIFIER));
  } catch (error) {
    if (error instanceof Damage)
      fail(subject, `not a training checkpoint of ONNX Runtime, or a damaged one: ${error.message}`);
    throw error;
  }
}

function read(root: Table): SessionCheckpoint {
  const version = root.int32(fields.checkpoint.version);
  if (version !== VERSION) throw new Damage(`it is of version ${version}, and version ${VERSION} is read`);
  const state = root.table(fields.checkpoint.moduleState) ?? missing("parameters");
  if (state.bool(fields.moduleState.isNominal)) throw new Damage("it is a nominal one, without parameters");
  if (state.bool(fields.moduleState.isExternal)) throw new Damage("its parameters are in another file");
  const { trainable, frozen } = fields.moduleState;
  const parameters = floats([...state.tables(trainable), ...state.tables(frozen)]);
  const [group, ...others] = root.tables(fields.checkpoint.optimizerGroups);
  if (others.length > 0) throw new Damage("its optimizer has more than one group");
  return { parameters, optimizer: group && readGroup(group) };
}

function readGroup(group: Table): OptimizerGroup | undefined {
  const states = group.tables(fields.group.states);
  if (states.length === 0) return undefined;
  const kept = new Map<string, Floats>();
  for (const state of states) {
    const name = state.string(fields.state.name) ?? missing("a parameter's name");
    if (kept.has(name)) throw new Damage(`moments of ${shown(name)} are there twice`);
    kept.set(name, floats(state.tables(fields.state.moments)));
  }
  const slot = (moment: string): Floats =>
    Object.fromEntries(
      Array.from(kept, ([name, named]) => [name, named[moment] ?? missing(`${moment} of ${shown(name)}`)]),
    );
  return {
    step: group.int64(fields.group.step),
    learningRate: group.float32(fields.group.learningRate),
    firstMoments: slot(moments[0]),
    secondMoments: slot(moments[1]),
  };
}

/** Tensors by name. A name that is there twice ends it at once: damage could list one large tensor a thousand times. */
function floats(tables: readonly Table[]): Floats {
  const found = new Map<string, Tensor<"float32">>();
  for (const table of tables) {
    const name = table.string(fields.tensor.name) ?? missing("a tensor's name");
    if (found.has(name)) throw new Damage(`${shown(name)} is there twice`);
    if (table.int32(fields.tensor.dtype) !== dataTypes.float32)
      throw new Damage(`${shown(name)} is not of float32`);
    const shape = table.int64s(fields.tensor.dims);
    const data = table.bytes(fields.tensor.data) ?? missing(`what is in ${shown(name)}`);
    if (shape.some((dim) => dim < 0) || sizeOf(shape) * 4 !== data.length)
      throw new Damage(`${shown(name)} does not fit its bytes`);
    found.set(name, tensor("float32", shape, arrayFromBytes("float32", data)));
  }
  return Object.fromEntries(found);
}

/** A name that may be damaged, fit for one line. */
function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

function missing(what: string): never {
  throw new Damage(`${what} is missing`);
}
