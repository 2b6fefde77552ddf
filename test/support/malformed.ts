/** Requests that are wrong, each in some way that fast-check may make smaller. */
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { encodeRequest } from "./serving.ts";

/** The bytes that a client sends, and whether it says that no more will come. */
export interface Malformed {
  readonly what: string;
  readonly bytes: Buffer;
  readonly ends: boolean;
}

const INFER = "/v2/models/tiny-encoder/infer";
const valid = encodeRequest(1);
const [image] = valid.inputs as [(typeof valid.inputs)[number]];
const pixels = new Uint8Array(Float32Array.from(image.data).buffer);

type Headers = Readonly<Record<string, string>>;

/** A request as it goes over the wire; the connection is closed after its answer. */
export function wire(
  method: string,
  path: string,
  headers: Headers = {},
  body: Uint8Array | string = "",
): Buffer {
  const bytes = Buffer.from(body);
  const all = {
    host: "service",
    connection: "close",
    authorization: "Bearer secret-9",
    "content-length": `${bytes.length}`,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

/** Inference requests whose body is JSON, or should be. */
function json(what: string, bodies: fc.Arbitrary<unknown>): fc.Arbitrary<Malformed> {
  return bodies.map((body) => ({
    what,
    bytes: wire("POST", INFER, {}, typeof body === "string" ? body : JSON.stringify(body)),
    ends: false,
  }));
}

/** The valid request with something else in place of what its input has. */
function input(
  what: string,
  changes: fc.Arbitrary<Readonly<Record<string, unknown>>>,
): fc.Arbitrary<Malformed> {
  return json(
    what,
    changes.map((change) => ({ ...valid, inputs: [{ ...image, ...change }] })),
  );
}

/** Binary requests: a JSON header, what follows it, and where it is said to end. */
function binary(
  what: string,
  cases: fc.Arbitrary<{ size?: unknown; data?: Uint8Array; headerLength?: string }>,
): fc.Arbitrary<Malformed> {
  return cases.map(({ size = pixels.length, data = pixels, headerLength }) => {
    const header = headerOf(size);
    const length = headerLength ?? `${header.length}`;
    const body = Buffer.concat([Buffer.from(header), data]);
    return {
      what,
      bytes: wire("POST", INFER, { "inference-header-content-length": length }, body),
      ends: false,
    };
  });
}

/** The JSON of a binary request. */
function headerOf(size: unknown): string {
  const { data: _, ...rest } = image;
  return JSON.stringify({ inputs: [{ ...rest, parameters: { binary_data_size: size } }] });
}

/** Inference requests with headers of their own. */
function framed(
  what: string,
  cases: fc.Arbitrary<{ headers: Headers; body?: Uint8Array | string; ends?: boolean }>,
): fc.Arbitrary<Malformed> {
  return cases.map(({ headers, body = JSON.stringify(valid), ends = false }) => ({
    what,
    bytes: wire("POST", INFER, headers, body),
    ends,
  }));
}

const text = fc.string({ unit: "binary" });
const anything = fc.jsonValue({ maxDepth: 6 });
const noNumber = fc.oneof(fc.string(), fc.constantFrom(null, true, {}, [], [[1]], 1e39, -1e300));
const deep = fc.integer({ min: 5_000, max: 100_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));
const bomb = { gzip: gzipSync(Buffer.alloc(2 ** 26)), deflate: deflateSync(Buffer.alloc(2 ** 26)) };
const packed = gzipSync(JSON.stringify(valid));

const bodies = [
  json(
    "no JSON",
    text.filter((body) => !/^\s*[{]/.test(body)),
  ),
  json("other JSON", anything),
  json(
    "JSON that ends early",
    fc.nat(JSON.stringify(valid).length - 1).map((at) => JSON.stringify(valid).slice(0, at)),
  ),
  json("nested deeply", deep),
  json(
    "nested deeply inside",
    fc
      .tuple(
        deep,
        fc.constantFrom(
          "[1,1,28,28]",
          "[1,1,28,",
          '"FP32"',
          '"image"',
          '{"inputs":',
          '"data":[',
          '"data":[0,',
        ),
      )
      .map(([list, place]) =>
        JSON.stringify({ ...valid, inputs: [{ ...image, data: [0, ...image.data.slice(1)] }] }).replace(
          place,
          place.endsWith(",")
            ? `${place}${list},`
            : place.endsWith(":") || place.endsWith("[")
              ? `${place}${list},`
              : list,
        ),
      ),
  ),
  json(
    "nested as deeply as its shape",
    deep.map((list) =>
      JSON.stringify({ inputs: [{ ...image, shape: Array(list.length / 2).fill(1), data: [] }] }).replace(
        '"data":[]',
        `"data":${list}`,
      ),
    ),
  ),
  json(
    "long names",
    fc
      .tuple(fc.integer({ min: 1_000, max: 100_000 }), fc.constantFrom("name", "datatype", "shape", "data"))
      .map(([length, key]) => {
        const long = {
          name: "x".repeat(length),
          datatype: "x".repeat(length),
          shape: Array(length).fill(1),
          data: ["x".repeat(length), ...image.data.slice(1)],
        };
        return { inputs: [{ ...image, [key]: long[key as keyof typeof long] }] };
      }),
  ),
  json(
    "no inputs",
    anything.filter((value) => !Array.isArray(value)).map((inputs) => ({ ...valid, inputs })),
  ),
  json("an input twice", fc.constant({ inputs: [image, image] })),
  json(
    "outputs that are not there",
    fc.string().map((name) => ({ ...valid, outputs: [{ name: `x${name}` }] })),
  ),
  json(
    "an id that is no text",
    // Null stands for nothing, here as elsewhere.
    anything.filter((id) => typeof id !== "string" && id !== null).map((id) => ({ ...valid, id })),
  ),
  json(
    "a time that is none",
    noNumber.filter((timeout) => timeout !== null).map((timeout) => ({ ...valid, parameters: { timeout } })),
  ),
];

const inputs = [
  input(
    "another name",
    fc
      .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString"))
      .filter((name) => name !== "image")
      .map((name) => ({ name })),
  ),
  input(
    "another datatype",
    anything.filter((value) => value !== "FP32").map((datatype) => ({ datatype })),
  ),
  input(
    "another shape",
    fc.array(fc.oneof(fc.integer(), fc.double(), anything), { maxLength: 8 }).map((shape) => ({ shape })),
  ),
  input(
    "a shape of no elements",
    fc.constantFrom([0, 1, 28, 28], [1, 0, 28, 28]).map((shape) => ({ shape })),
  ),
  input(
    "a shape too large",
    fc.integer({ min: 2, max: 2 ** 31 }).map((rows) => ({ shape: [rows, 1, 28, 28] })),
  ),
  input(
    "too few elements",
    fc.nat(783).map((length) => ({ data: image.data.slice(0, length) })),
  ),
  input(
    "too many elements",
    fc.integer({ min: 1, max: 784 }).map((more) => ({ data: [...image.data, ...image.data.slice(0, more)] })),
  ),
  input(
    "an element that is no number",
    fc.tuple(fc.nat(783), noNumber).map(([at, value]) => ({ data: image.data.with(at, value as number) })),
  ),
  input(
    "data that are no list",
    anything.filter((value) => !Array.isArray(value)).map((data) => ({ data })),
  ),
  input(
    "nesting of another shape",
    fc
      .integer({ min: 1, max: 783 })
      .map((width) => ({ data: [image.data.slice(0, width), image.data.slice(width)] })),
  ),
];

const binaries = [
  binary(
    "another size",
    fc
      .oneof(
        fc.nat(2 ** 32).filter((size) => size !== pixels.length),
        anything.filter((size) => size !== pixels.length),
      )
      .map((size) => ({ size })),
  ),
  binary(
    "fewer bytes",
    fc.nat(pixels.length - 1).map((length) => ({ data: pixels.subarray(0, length) })),
  ),
  binary(
    "more bytes",
    fc.uint8Array({ minLength: 1, maxLength: 64 }).map((more) => ({ data: Buffer.concat([pixels, more]) })),
  ),
  binary(
    "not finite",
    fc
      .tuple(fc.nat(783), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY))
      .map(([at, value]) => ({ data: new Uint8Array(Float32Array.from(image.data.with(at, value)).buffer) })),
  ),
  binary(
    "a header that ends elsewhere",
    fc
      .nat(5_000)
      .filter((length) => length !== headerOf(pixels.length).length)
      .map((length) => ({ headerLength: `${length}` })),
  ),
  binary(
    "a header of no length",
    fc
      .constantFrom("-1", "1e2", "0x10", "99999999999999999999", "x", "1, 2")
      .map((headerLength) => ({ headerLength })),
  ),
];

const frames = [
  framed(
    "a body that ends early",
    fc.integer({ min: 1, max: 10_000 }).map((more) => ({
      headers: { "content-length": `${JSON.stringify(valid).length + more}` },
      ends: true,
    })),
  ),
  framed(
    "a length too short",
    fc
      .integer({ min: 1, max: JSON.stringify(valid).length - 1 })
      .map((length) => ({ headers: { "content-length": `${length}` } })),
  ),
  framed(
    "a length that is none",
    fc
      .constantFrom("-5", "1e3", "0x10", "1, 2", "99999999999999999999999", "abc")
      .map((length) => ({ headers: { "content-length": length } })),
  ),
  framed(
    "a length too large",
    fc
      .integer({ min: 2 ** 21, max: 2 ** 48 })
      .map((length) => ({ headers: { "content-length": `${length}` } })),
  ),
  framed("two lengths", fc.constant({ headers: { "transfer-encoding": "chunked" } })),
  framed("a head too large", fc.constant({ headers: { "x-more": "x".repeat(20_000) } })),
  framed(
    "bombs",
    fc
      .constantFrom("gzip" as const, "deflate" as const)
      .map((encoding) => ({ headers: { "content-encoding": encoding }, body: bomb[encoding] })),
  ),
  framed(
    "what is not compressed",
    fc.constantFrom("gzip", "deflate").map((encoding) => ({ headers: { "content-encoding": encoding } })),
  ),
  framed(
    "compressed data that end early",
    fc
      .nat(packed.length - 9)
      .map((length) => ({ headers: { "content-encoding": "gzip" }, body: packed.subarray(0, length) })),
  ),
  framed(
    "an encoding that nobody knows",
    fc
      .constantFrom("br", "zstd", "gzip, gzip", "../../etc/passwd")
      .map((encoding) => ({ headers: { "content-encoding": encoding } })),
  ),
];

const traversals = [
  "../../../etc/passwd",
  "..%2f..%2f..%2fetc%2fpasswd",
  "%2e%2e%2frun.json",
  "%00",
  "tiny-encoder%00.onnx",
  "....//",
  "%5c..%5crun.json",
  "%c0%ae%c0%ae",
  "~",
  "file:%2f%2f%2fetc%2fpasswd",
];
const routes: fc.Arbitrary<Malformed>[] = [
  fc
    .tuple(
      fc.constantFrom("GET", "PUT", "PATCH", "DELETE", "OPTIONS"),
      fc.constantFrom(INFER, "/v2/repository/index"),
    )
    .map(([method, path]) => ({ what: "another method", bytes: wire(method, path), ends: false })),
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom(...traversals),
        fc.webSegment(),
        fc.string({ minLength: 200, maxLength: 2000 }).map(encodeURIComponent),
      ),
      fc.constantFrom(["GET", ""], ["POST", "/infer"], ["GET", "/stats"], ["GET", "/versions/..%2f1"]),
    )
    .map(([name, [method, rest]]) => ({
      what: "another model",
      bytes: wire(method!, `/v2/models/x${name}${rest}`),
      ends: false,
    })),
  fc.tuple(fc.constantFrom(...traversals), fc.constantFrom("load", "unload")).map(([name, verb]) => ({
    what: "a model outside",
    bytes: wire("POST", `/v2/repository/models/${name}/${verb}`),
    ends: false,
  })),
  fc
    .dictionary(
      fc.constantFrom("config", "file:1/model.onnx", "file:../../x.onnx", "path"),
      fc.oneof(fc.string(), fc.constantFrom(...traversals)),
      { minKeys: 1 },
    )
    .map((parameters) => ({
      what: "load with parameters",
      bytes: wire("POST", "/v2/repository/models/tiny-encoder/load", {}, JSON.stringify({ parameters })),
      ends: false,
    })),
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((noise) => ({
    what: "no HTTP",
    bytes: Buffer.concat([Buffer.of(0), noise, Buffer.from("\r\n\r\n")]),
    ends: true,
  })),
];

/** Any of them. */
export const malformed: fc.Arbitrary<Malformed> = fc.oneof(
  ...bodies,
  ...inputs,
  ...binaries,
  ...frames,
  ...routes,
);
