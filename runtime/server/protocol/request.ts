/** Inference requests: a JSON object, alone or with the bytes of tensors behind it (Triton's binary tensor data extension). */
import {
  type ArrayOf,
  arrayFromBytes,
  arrayOver,
  byteWidth,
  type DType,
  isFloat,
} from "../../../src/ir/dtype.ts";
import { sizeOf } from "../../../src/ir/tensor.ts";
import type { Port } from "../../host/host.ts";
import { refuse, shown } from "../error.ts";
import type { Feeds } from "../feeds.ts";
import { parseJson } from "../json.ts";
import type { Ports } from "../worker.ts";
import { datatypes } from "./datatypes.ts";
import { elementsOf } from "./elements.ts";
import { type Fields, flag, list, object, optional, parametersOf, required } from "./fields.ts";

/** What a request asks for. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly feeds: Feeds;
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

/** What the JSON of a request says; what follows it is not looked at yet. */
interface Head extends Omit<InferRequest, "feeds"> {
  readonly inputs: readonly HeadInput[];
}

interface HeadInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its elements; how many bytes of what follows they are; or that they are the text that was left out. */
  readonly data: ArrayOf[DType] | number | "text";
}

/** A body of JSON but for one array, and what it says but for that. */
interface Frame {
  readonly before: Buffer;
  readonly behind: Buffer;
  readonly head: Head;
}

/** Bytes of JSON of which all is read at once; and those of an element, of which more are never left as text. */
const SHORT = 2 ** 11;
const WIDE = 32;

/** Bytes of a head that is kept. */
const SMALL = 2 ** 12;

/**
 * The head that was read last for a model, and what it was read from: a client sends the same one again and again, and
 * to compare it takes a twentieth of the time. Of bodies with binary tensors, and of those that are JSON alone.
 */
const known = new WeakMap<Ports, { readonly json: Buffer; readonly head: Head }>();
const frames = new WeakMap<Ports, Frame>();

/**
 * Reads a request's body.
 * @param headerLength `Inference-Header-Content-Length`: where the JSON ends, and binary data begin
 * @throws a 400 that says what is wrong
 */
export function readRequest(body: Buffer, headerLength: number | undefined, ports: Ports): InferRequest {
  if (headerLength === undefined) return readJson(body, ports);
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

/** Reads a request without binary tensors: of a long one all but a flat array of floats, which is left as text. */
function readJson(body: Buffer, ports: Ports): InferRequest {
  const frame = body.length < SHORT ? undefined : frameOf(body, ports);
  if (frame === undefined) return requestFrom(readHead(body, ports), body, body.length);
  const { before, behind, head } = frame;
  const [start, end] = [before.length, body.length - behind.length];
  // How much is held is told by shapes.
  const isTooLong = head.inputs.some(({ shape }) => end - start > WIDE * sizeOf(shape));
  return isTooLong
    ? requestFrom(readHead(body, ports), body, body.length)
    : requestFrom(head, body, start, end);
}

/** What stands around the one flat array of data; undefined where there is not just one, or anything is wrong. */
function frameOf(body: Buffer, ports: Ports): Frame | undefined {
  const last = frames.get(ports);
  if (last !== undefined && fits(last, body)) return last;
  const key = body.indexOf(DATA);
  const start = body.indexOf("[", key);
  const end = body.indexOf("]", start) + 1;
  const inner = body.indexOf("[", start + 1);
  if (key < 0 || start < 0 || end === 0 || (inner >= 0 && inner < end)) return undefined;
  const before = Buffer.from(body.subarray(0, start));
  const behind = Buffer.from(body.subarray(end));
  // Without escapes no quote is within a string: this is a key, and no other one is the same.
  if (body.includes(DATA, key + 1) || before.includes("\\") || behind.includes("\\")) return undefined;
  try {
    const head = readHead(Buffer.concat([before, Buffer.from("[]"), behind]), ports, true);
    const frame = { before, behind, head };
    // Another one would announce bytes, of which there are none here.
    if (head.inputs.length !== 1 || head.inputs[0]?.data !== "text") return undefined;
    if (before.length + behind.length < SMALL) frames.set(ports, frame);
    return frame;
  } catch {
    // The whole of it says what.
    return undefined;
  }
}

const DATA = '"data"';

/** Whether a body is a frame around an array without others in it. */
function fits({ before, behind }: Frame, body: Buffer): boolean {
  const [start, end] = [before.length, body.length - behind.length];
  return (
    start < end &&
    body[start] === OPENING &&
    body.indexOf("]", start) === end - 1 &&
    before.compare(body, 0, start) === 0 &&
    behind.compare(body, end) === 0
  );
}

const OPENING = "[".charCodeAt(0);

/** @param isFramed whether an array was left out, and stands there empty */
function readHead(json: Buffer, ports: Ports, isFramed = false): Head {
  const request = object(parseJson(json.toString("utf8"), "the request"), "the request");
  const id = optional(request, "id", "string", "the request");
  const parameters = parametersOf(request, "the request");
  const inputs: HeadInput[] = [];
  for (const item of list(request, "inputs", "the request")) {
    const input = readInput(object(item, "an input"), ports, isFramed);
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

/** The request that a head makes with bytes `at` to `end` − 1 of a body: tensors in the order of the inputs. */
function requestFrom(
  { id, inputs, outputs, timeout }: Head,
  body: Buffer,
  at: number,
  end = body.length,
): InferRequest {
  const feeds: Record<string, Feeds[string]> = {};
  for (const { name, dtype, shape, data } of inputs) {
    if (data === "text") {
      feeds[name] = { dtype, shape, text: body.subarray(at, end), rows: [shape[0]!] };
      at = end;
      continue;
    }
    if (typeof data !== "number") {
      feeds[name] = { dtype, shape, data };
      continue;
    }
    const left = end - at;
    if (data > left)
      refuse(`input ${name}: binary_data_size is ${data}, and ${left} bytes are left of the body`);
    const elements = elementsAt(dtype, body, at, data);
    if (dtype === "bool" && (elements as ArrayOf["bool"]).some((byte) => byte > 1))
      refuse(`input ${name}: a BOOL is a byte 0 or 1`);
    feeds[name] = { dtype, shape, data: elements };
    at += data;
  }
  if (at < end) refuse(`${end - at} bytes of the body belong to no input`);
  return { id, feeds, outputs, timeout };
}

function readInput(input: Fields, { inputs }: Ports, isFramed: boolean): HeadInput {
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
  if (size === undefined) {
    const data = list(input, "data", what);
    if (isFramed && data.length === 0 && isFloat(dtype) && shape.length > 0)
      return { name, dtype, shape, data: "text" };
    return { name, dtype, shape, data: elementsOf(name, dtype, shape, data) };
  }
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
  const names = new Set<string>();
  return all.map((item) => {
    const output = object(item, "an output");
    const name = required(output, "name", "an output");
    if (names.has(name)) refuse(`output ${shown(name)} is asked for twice`);
    names.add(name);
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
