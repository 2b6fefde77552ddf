/** Inference requests: a JSON object, alone or with the bytes of tensors behind it (Triton's binary tensor data extension). */
import { type ArrayOf, arrayFromBytes, arrayOver, byteWidth, type DType } from "../../../src/ir/dtype.ts";
import { sizeOf, type Tensor, type Tensors } from "../../../src/ir/tensor.ts";
import type { Port } from "../../host/host.ts";
import { refuse, shown } from "../error.ts";
import type { Ports } from "../worker.ts";
import { datatypes } from "./datatypes.ts";
import { elementsOf } from "./elements.ts";

/** What a request asks for. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly feeds: Tensors;
  readonly outputs: readonly RequestedOutput[];
  /** Milliseconds. */
  readonly timeout: number | undefined;
}

export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
  /** How the answer begins to tell of it, as JSON, up to its shape: that is the same in all answers. */
  readonly head: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the JSON of a request says; what follows it is not looked at yet. */
interface Head extends Omit<InferRequest, "feeds"> {
  readonly inputs: readonly HeadInput[];
}

interface HeadInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its elements, or how many bytes of what follows they are. */
  readonly data: ArrayOf[DType] | number;
}

/** Bytes of a head that is kept. */
const SMALL = 2 ** 12;

/**
 * The head that was read last for a model, and what it was read from: a client whose tensors are binary sends the same
 * one again and again, and to compare it takes a twentieth of the time.
 */
const known = new WeakMap<Ports, { readonly json: Buffer; readonly head: Head }>();

/**
 * Reads a request's body.
 * @param headerLength `Inference-Header-Content-Length`: where the JSON ends, and binary data begin
 * @throws a 400 that says what is wrong
 */
export function readRequest(body: Buffer, headerLength: number | undefined, ports: Ports): InferRequest {
  if (headerLength === undefined) return requestFrom(readHead(body, ports), body, body.length);
  if (headerLength > body.length)
    refuse(`Inference-Header-Content-Length is ${headerLength}, and the body has ${body.length} bytes`);
  const last = known.get(ports);
  if (last?.json.length === headerLength && last.json.compare(body, 0, headerLength) === 0)
    return requestFrom(last.head, body, headerLength);
  const json = body.subarray(0, headerLength);
  const head = readHead(json, ports);
  if (headerLength < SMALL && head.inputs.every(({ data }) => typeof data === "number"))
    known.set(ports, { json: Buffer.from(json), head });
  return requestFrom(head, body, headerLength);
}

function readHead(json: Buffer, ports: Ports): Head {
  const request = object(parsed(json), "the request");
  const id = optional(request, "id", "string", "the request");
  const parameters = parametersOf(request, "the request");
  const inputs: HeadInput[] = [];
  for (const item of list(request, "inputs", "the request")) {
    const input = readInput(object(item, "an input"), ports);
    if (inputs.some(({ name }) => name === input.name)) refuse(`input ${input.name} is there twice`);
    inputs.push(input);
  }
  return {
    id,
    inputs,
    outputs: readOutputs(request, parameters, ports),
    timeout: timeoutOf(parameters),
  };
}

/** The request that a head makes with the bytes of a body from `at`: the tensors one after the other, in the order of the inputs. */
function requestFrom({ id, inputs, outputs, timeout }: Head, body: Buffer, at: number): InferRequest {
  const feeds: Record<string, Tensor> = {};
  for (const { name, dtype, shape, data } of inputs) {
    if (typeof data !== "number") {
      feeds[name] = { dtype, shape, data };
      continue;
    }
    const left = body.length - at;
    if (data > left)
      refuse(`input ${name}: binary_data_size is ${data}, and ${left} bytes are left of the body`);
    const elements = elementsAt(dtype, body, at, data);
    if (dtype === "bool" && (elements as ArrayOf["bool"]).some((byte) => byte > 1))
      refuse(`input ${name}: a BOOL is a byte 0 or 1`);
    feeds[name] = { dtype, shape, data: elements };
    at += data;
  }
  if (at < body.length) refuse(`${body.length - at} bytes of the body belong to no input`);
  return { id, feeds, outputs, timeout };
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch (error) {
    return refuse(`the request is not JSON: ${(error as Error).message.replace(/\s+/g, " ").slice(0, 120)}`);
  }
}

function readInput(input: Fields, { inputs }: Ports): HeadInput {
  const name = required(input, "name", "an input");
  const what = `input ${name}`;
  const port = inputs.find((port) => port.name === name) ?? refuse(`the model has no input ${shown(name)}`);
  const { dtype } = port;
  const datatype = required(input, "datatype", what);
  if (datatype !== datatypes[dtype]) refuse(`${what} is ${datatypes[dtype]}, got ${shown(datatype)}`);
  const shape = list(input, "shape", what).map((dim) =>
    Number.isSafeInteger(dim) && (dim as number) >= 0
      ? (dim as number)
      : refuse(`${what}: shape has ${shown(dim)}, which is no size`),
  );
  const length = sizeOf(shape);
  if (!Number.isSafeInteger(length)) refuse(`${what}: shape [${shape}] is too large`);
  const parameters = parametersOf(input, what);
  requireNoSharedMemory(parameters, what);
  const size = parameters.binary_data_size ?? undefined;
  if (size === undefined)
    return { name, dtype, shape, data: elementsOf(name, dtype, shape, list(input, "data", what)) };
  if (input.data != null) refuse(`${what} has both data and binary_data_size`);
  if (size !== length * byteWidth(dtype))
    refuse(
      `${what} of shape [${shape}] has ${length * byteWidth(dtype)} bytes, and binary_data_size is ${shown(size)}`,
    );
  return { name, dtype, shape, data: size as number };
}

/** Bytes of a slab, which is cheaper than memory of its own for each tensor; eight is the widest element. */
const SLAB = 2 ** 18;
const WIDEST = 8;
let slab = Buffer.allocUnsafeSlow(SLAB);
let used = 0;

/** The elements whose bytes begin at `at`: copied to where elements of any dtype may begin, but for large tensors. */
function elementsAt(dtype: DType, body: Buffer, at: number, bytes: number): ArrayOf[DType] {
  if (bytes > SLAB / 16) return arrayFromBytes(dtype, body.subarray(at, at + bytes));
  if (used + bytes > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    used = 0;
  }
  const start = used;
  body.copy(slab, start, at, at + bytes);
  used += Math.ceil(bytes / WIDEST) * WIDEST;
  return arrayOver(dtype, slab.buffer, start, bytes / byteWidth(dtype));
}

function readOutputs(request: Fields, parameters: Fields, { outputs }: Ports): RequestedOutput[] {
  const isBinary = flag(parameters, "binary_data_output", "the request") ?? false;
  const all = request.outputs == null ? [] : list(request, "outputs", "the request");
  // None asked for is all of them.
  if (all.length === 0) return outputs.map((port) => requestedOutput(port, isBinary));
  return all.map((item) => {
    const output = object(item, "an output");
    const name = required(output, "name", "an output");
    const port =
      outputs.find((port) => port.name === name) ?? refuse(`the model has no output ${shown(name)}`);
    const parameters = parametersOf(output, `output ${name}`);
    requireNoSharedMemory(parameters, `output ${name}`);
    if (parameters.classification !== undefined) refuse(`output ${name}: classification is not supported`);
    return requestedOutput(port, flag(parameters, "binary_data", `output ${name}`) ?? isBinary);
  });
}

function requestedOutput({ name, dtype }: Port, isBinary: boolean): RequestedOutput {
  return { name, isBinary, head: `{"name":${JSON.stringify(name)},"datatype":"${datatypes[dtype]}"` };
}

/** The parameter `timeout` of Triton's schedule policy is in microseconds; 0 leaves it to the server. */
function timeoutOf({ timeout }: Fields): number | undefined {
  if (timeout == null || timeout === 0) return undefined;
  if (!Number.isSafeInteger(timeout) || (timeout as number) < 0)
    refuse(`the request: timeout is ${shown(timeout)}, which is no number of microseconds`);
  return (timeout as number) / 1000;
}

/** Clients that ask for it would look for their tensors there. */
function requireNoSharedMemory({ shared_memory_region: region }: Fields, what: string): void {
  if (region !== undefined) refuse(`${what}: shared memory is not supported`);
}

/** Some clients write null for what they leave out. */
function parametersOf(of: Fields, what: string): Fields {
  return of.parameters == null ? {} : object(of.parameters, `${what}: parameters`);
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`${what} is no JSON object`);
  return value as Fields;
}

function list(of: Fields, key: string, what: string): readonly unknown[] {
  const value = of[key];
  if (value == null) refuse(`${what} has no ${key}`);
  if (!Array.isArray(value)) refuse(`${what}: ${key} is no array`);
  return value as unknown[];
}

function required(of: Fields, key: string, what: string): string {
  return optional(of, key, "string", what) ?? refuse(`${what} has no ${key}`);
}

function flag(of: Fields, key: string, what: string): boolean | undefined {
  return optional(of, key, "boolean", what);
}

function optional(of: Fields, key: string, type: "string", what: string): string | undefined;
function optional(of: Fields, key: string, type: "boolean", what: string): boolean | undefined;
function optional(of: Fields, key: string, type: string, what: string): unknown {
  const value = of[key] ?? undefined;
  if (value !== undefined && typeof value !== type) refuse(`${what}: ${key} is no ${type}`);
  return value;
}
