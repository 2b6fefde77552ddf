/** Long arrays of numbers in JSON, which are read where the model runs: as all else is read, whatever is sent. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWritten, tensorsIn } from "../../runtime/server/feeds.ts";
import { readRequest } from "../../runtime/server/protocol/request.ts";
import type { Ports } from "../../runtime/server/worker.ts";
import { graph } from "../../src/ir/graph.ts";
import { input } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { add } from "../../src/ops/index.ts";
import { type Serving, serve } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const WIDTH = 300;
const ports: Ports = {
  inputs: [{ name: "x", dtype: "float32", shape: ["batch", WIDTH] }],
  outputs: [{ name: "y", dtype: "float32", shape: ["batch", WIDTH] }],
};
const numbers = (seed: number) => Array.from({ length: WIDTH }, (_, i) => Math.sin(seed * WIDTH + i));
const x = { name: "x", datatype: "FP32", shape: [1, WIDTH] };
const request = (data: unknown, more: object = {}, input: object = x) => ({
  ...more,
  inputs: [{ ...input, data }],
});

type Outcome = "refused" | readonly number[];

function outcome(text: string): Outcome {
  try {
    const { feeds } = readRequest(Buffer.from(text, "latin1"), undefined, ports);
    const { x } = tensorsIn(feeds);
    // A model refuses to run without its input.
    return x === undefined ? "refused" : [...x.shape, ...(x.data as Float32Array)];
  } catch (error) {
    expect(error).toMatchObject({ statusCode: 400 });
    return "refused";
  }
}

/** The same request with an escape in it: then all of it is read at once. What JSON takes for white space is less than `\s`. */
const atOnce = (text: string) => text.replace(/^[ \t\r\n]*\{/, '{"_":"\\n",');

describe("a request with a long array", () => {
  const isLeft = (text: string) => isWritten(readRequest(Buffer.from(text), undefined, ports).feeds.x!);

  test.each([
    ["flat", JSON.stringify(request(numbers(1))), true],
    ["spread over lines", JSON.stringify(request(numbers(1)), null, 2), true],
    [
      "with an id and outputs",
      JSON.stringify(request(numbers(1), { id: "7", outputs: [{ name: "y" }] })),
      true,
    ],
    ["nested", JSON.stringify(request([numbers(1)])), false],
    ["beside an escape", JSON.stringify(request(numbers(1), { id: "\n" })), false],
    ["twice", JSON.stringify(request(numbers(1), { parameters: { data: [1] } })), false],
  ])("%s gives the same whether it is left as text or not", (_what, text, left) => {
    expect(isLeft(text)).toBe(left);
    expect(outcome(text)).toEqual([1, WIDTH, ...Float32Array.from(numbers(1))]);
    expect(outcome(atOnce(text))).toEqual(outcome(text));
  });

  test.each([
    ["too few", request(numbers(1).slice(1))],
    ["too many", request([...numbers(1), 1])],
    ["a text", request([...numbers(1).slice(1), "1"])],
    ["a text with a bracket", request([...numbers(1).slice(1), "],["])],
    ["null", request([null, ...numbers(1).slice(1)])],
    ["an object", request([{}, ...numbers(1).slice(1)])],
    ["more than a float32 holds", request([1e39, ...numbers(1).slice(1)])],
    ["of another datatype", request(numbers(1), {}, { ...x, datatype: "INT32" })],
    ["without a shape", request(numbers(1), {}, { ...x, shape: undefined })],
    ["of another input", request(numbers(1), {}, { ...x, name: "z" })],
    ["of no input", { inputs: [], data: numbers(1) }],
    ["not an input's", { ...request(undefined), data: numbers(1) }],
  ])("is refused: %s", (_what, body) => {
    expect(outcome(JSON.stringify(body))).toBe("refused");
    expect(outcome(atOnce(JSON.stringify(body)))).toBe("refused");
  });

  test("is refused where the key is there again, with nothing", () => {
    const text = JSON.stringify(request(numbers(1))).replace(/\]\}\]\}$/, '],"data":[]}]}');
    expect(JSON.parse(text).inputs[0].data).toEqual([]);
    expect(outcome(text)).toBe("refused");
  });

  test("is cut off where it ends, whatever stands in it and in the next", () => {
    const text = Buffer.from('["]["][0]');
    const x = { dtype: "float32", shape: [3, 1], text, rows: [1, 1, 1] } as const;
    expect(() => tensorsIn({ x })).toThrow("input x: data is not JSON");
  });

  test("that is longer than its elements can be is read at once", () => {
    const text = JSON.stringify(request(numbers(1))).replace("[", `[${" ".repeat(32 * WIDTH)}`);
    expect(isLeft(text)).toBe(true);
    const padded = text.replace('"data":[', `"data":[${" ".repeat(32 * WIDTH)}`);
    expect(isLeft(padded)).toBe(false);
    expect(outcome(padded)).toEqual(outcome(text));
  });

  test("beside an input that announces bytes has none for it", () => {
    const two: Ports = {
      ...ports,
      inputs: [{ name: "n", dtype: "int32", shape: ["batch"] }, ...ports.inputs],
    };
    const n = { name: "n", datatype: "INT32", shape: [1], parameters: { binary_data_size: 4 } };
    const body = Buffer.from(JSON.stringify({ inputs: [n, { ...x, data: numbers(1) }] }));
    expect(() => readRequest(body, undefined, two)).toThrow("binary_data_size is 4, and 0 bytes are left");
  });

  test("is read as if at once wherever bytes are changed, left out or put in", () => {
    const text = JSON.stringify(request(numbers(2), { id: "a", parameters: { binary_data_output: false } }));
    const pieces = fc.constantFrom(
      '"',
      "[",
      "]",
      "{",
      "}",
      ",",
      "\\",
      " ",
      "1",
      "-",
      "e9",
      '"data"',
      "],[",
      "\xa0",
      "null",
    );
    const change = fc.record({
      // Most of them about the array's ends, where it is decided what belongs to it.
      at: fc.oneof(
        fc.nat(120),
        fc.nat(120).map((back) => text.length - back),
        fc.nat(text.length),
      ),
      length: fc.nat(3),
      piece: fc.oneof(fc.constant(""), pieces),
    });
    const changed = fc
      .array(change, { minLength: 1, maxLength: 3 })
      .map((changes) =>
        changes.reduce(
          (text, { at, length, piece }) => text.slice(0, at) + piece + text.slice(at + length),
          text,
        ),
      );
    fc.assert(
      fc.property(changed, (changed) => {
        // The frame of the one before is known now.
        expect(outcome(text)).not.toBe("refused");
        expect(outcome(changed)).toEqual(outcome(atOnce(changed)));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("served", () => {
  const folder = sharedFolder();
  let server: Serving;
  beforeAll(async () => {
    const x = input("x", "float32", ["batch", WIDTH]);
    await writeFile(join(folder, "double.onnx"), encode(graph("double", { x }, { y: add(x, x) })));
    server = await serve([join(folder, "double.onnx")], { maxDelay: 50 });
  });
  afterAll(() => server.app.close());
  const infer = (body: object) => server.post("/v2/models/double/infer", body);
  const doubled = (values: readonly number[]) => [
    ...Float32Array.from(values, (value) => 2 * Math.fround(value)),
  ];

  test("requests run together, some as text and some not, and each gets its own answer", async () => {
    const asked = Array.from({ length: 40 }, (_, seed) =>
      infer(seed % 3 === 0 ? request([numbers(seed)]) : request(numbers(seed))),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ json }) => json.outputs?.[0]?.data)).toEqual(
      answers.map((_, seed) => doubled(numbers(seed))),
    );
    const { json } = await server.get("/v2/models/double/stats");
    const [{ execution_count, inference_count }] = json.model_stats as [Record<string, number>];
    expect(inference_count).toBe(40);
    expect(execution_count).toBeLessThan(20);
  });

  test("one with a number too few and one with a number too many take none of others'", async () => {
    const [short, long, text] = [numbers(1).slice(1), [...numbers(2), 0], [...numbers(3).slice(1), "0"]];
    const answers = await Promise.all(
      [short, numbers(4), long, text, numbers(5)].map((data) => infer(request(data))),
    );
    expect(answers.map(({ status, json }) => [status, json.error ?? json.outputs?.[0]?.data])).toEqual([
      [400, `input x: shape [1,${WIDTH}] holds ${WIDTH} elements, and data has ${WIDTH - 1}`],
      [200, doubled(numbers(4))],
      [400, `input x: shape [1,${WIDTH}] holds ${WIDTH} elements, and data has ${WIDTH + 1}`],
      [400, `input x: element ${WIDTH - 1} is "0", which is no FP32`],
      [200, doubled(numbers(5))],
    ]);
  });

  test("what is no JSON within the array is said to be none", async () => {
    const body = JSON.stringify(request(numbers(1))).replace(",0.", ",0.0.");
    const { status, json } = await server.post("/v2/models/double/infer", Buffer.from(body));
    expect(status).toBe(400);
    expect(json.error).toMatch(/^input x: data is not JSON: /);
  });
});
