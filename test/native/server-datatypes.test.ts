/** Tensors of every datatype through the service, as JSON and as bytes. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { datatypes } from "../../runtime/server/protocol/datatypes.ts";
import { arrayOf, type DType } from "../../src/ir/dtype.ts";
import { onnx } from "../../src/onnx/proto.ts";
import { dataTypes } from "../../src/onnx/schema.ts";
import { binaryRequest, type Serving, serve } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

/** What each holds and what it does not. */
const cases: {
  readonly [D in DType]: { readonly good: readonly unknown[]; readonly bad: readonly unknown[] };
} = {
  float32: { good: [0.5, -3.25, 16777216], bad: ["1", true, null, 1e39] },
  float64: { good: [0.1, -1e300, 5e-324], bad: ["1", false] },
  float16: { good: [0.5, -65504, 2 ** -24], bad: ["1", 1e6] },
  int8: { good: [-128, 0, 127], bad: [128, -129, 0.5, "1"] },
  uint8: { good: [0, 1, 255], bad: [256, -1, 1.5] },
  int32: { good: [-(2 ** 31), 0, 2 ** 31 - 1], bad: [2 ** 31, 0.5] },
  int64: { good: [-(2 ** 53 - 1), 0, 2 ** 53 - 1], bad: [2 ** 53, 0.5, "1"] },
  bool: { good: [true, false, true], bad: [1, 0, "true"] },
};
const dtypes = Object.keys(cases) as DType[];

/** A model that gives back what it takes, whatever that is. */
function identity(dtype: DType): Uint8Array {
  const shape = { dim: [{ dimParam: "batch" }, { dimValue: 3 }] };
  const port = (name: string) => ({ name, type: { tensorType: { elemType: dataTypes[dtype], shape } } });
  const graph = {
    name: dtype,
    input: [port("x")],
    output: [port("y")],
    node: [{ opType: "Identity", input: ["x"], output: ["y"] }],
  };
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
}

const folder = sharedFolder();
let server: Serving;
beforeAll(async () => {
  await mkdir(join(folder, "models"));
  for (const dtype of dtypes) await writeFile(join(folder, "models", `${dtype}.onnx`), identity(dtype));
  server = await serve([join(folder, "models")], { maxDelay: 0 });
});
afterAll(() => server.app.close());

test.each(dtypes)("%s as JSON", async (dtype) => {
  const { good, bad } = cases[dtype];
  const infer = (data: readonly unknown[]) =>
    server.post(`/v2/models/${dtype}/infer`, {
      inputs: [{ name: "x", shape: [1, 3], datatype: datatypes[dtype], data }],
    });
  const { json } = await infer(good);
  expect(json.outputs).toEqual([{ name: "y", datatype: datatypes[dtype], shape: [1, 3], data: good }]);
  for (const value of bad) {
    const { status, json } = await infer([good[0], value, good[2]]);
    expect({ status, error: json.error }).toEqual({
      status: 400,
      error: expect.stringMatching(/^input x: element 1 is /),
    });
  }
});

test.each(dtypes)("%s as bytes", async (dtype) => {
  const { buffer, byteOffset, byteLength } = arrayOf(dtype, cases[dtype].good as readonly number[]);
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  const inputs = [
    { name: "x", shape: [1, 3], datatype: datatypes[dtype], parameters: { binary_data_size: byteLength } },
  ];
  const { body, headers } = binaryRequest({ inputs, parameters: { binary_data_output: true } }, bytes);
  const answer = await server.post(`/v2/models/${dtype}/infer`, body, headers);
  expect(answer.status).toBe(200);
  const length = Number(answer.headers.get("inference-header-content-length"));
  expect(new Uint8Array(answer.bytes.subarray(length))).toEqual(bytes);
});

test("an INT64 that JSON may have rounded is to be sent as bytes", async () => {
  const inputs = [{ name: "x", shape: [1, 3], datatype: "INT64", data: [0, 2 ** 53, 0] }];
  const { status, json } = await server.post("/v2/models/int64/infer", { inputs });
  const error = "input x: element 1 is 9007199254740992, which JSON may have rounded: send binary data";
  expect({ status, json }).toEqual({ status: 400, json: { error } });
});

test("a BOOL is a byte 0 or 1", async () => {
  const inputs = [{ name: "x", shape: [1, 3], datatype: "BOOL", parameters: { binary_data_size: 3 } }];
  const { body, headers } = binaryRequest({ inputs }, Uint8Array.of(0, 1, 2));
  const { status, json } = await server.post("/v2/models/bool/infer", body, headers);
  expect({ status, json }).toEqual({ status: 400, json: { error: "input x: a BOOL is a byte 0 or 1" } });
});
