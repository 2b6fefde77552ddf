/** Emitted files before an independent judge, onnx's own checker; and whether a person can follow their names. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { latentOf } from "../../graphs/families.ts";
import { stateInputs } from "../../graphs/step.ts";
import type { Port } from "../../runtime/host/host.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { Session } from "../../runtime/session.ts";
import { showType } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { type GraphProto, onnx } from "../../src/onnx/proto.ts";
import { type Emitted, emitted } from "../support/emitted.ts";
import { findPython, runPython } from "../support/python.ts";
import { build } from "../support/samples/sample.ts";
import { cases } from "../support/samples/samples.ts";

const python = findPython("onnx");
if (python.missing) console.info(`skipped: onnx.checker: ${python.missing}`);

describe.skipIf(python.missing !== undefined)("onnx.checker, with full_check, accepts", () => {
  let folder: string;
  let verdicts: Record<string, string | null>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isthmus-"));
    for (const { title, bytes } of emitted) await writeFile(join(folder, `${title}.onnx`), bytes);
    for (const { op, sample, number } of cases)
      await writeFile(join(folder, `${op}-${number}.onnx`), encode(build(op, sample, number).graph));
    verdicts = JSON.parse(await runPython(python.command!, "check.py", [folder]));
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true }));

  test.each(emitted)("$title", ({ title }) => expect(verdicts[`${title}.onnx`]).toBeNull());
  test.each(cases)("$title", ({ op, number }) => expect(verdicts[`${op}-${number}.onnx`]).toBeNull());
});

/** Every node's and every value's name, those inside of loops too. */
function namesIn({ node, input, initializer }: GraphProto): { nodes: string[]; values: string[] } {
  const bodies = (node ?? []).flatMap(({ attribute }) => (attribute ?? []).flatMap(({ g }) => g ?? []));
  const inside = bodies.map(namesIn);
  const given = [...(input ?? []), ...(initializer ?? [])].map(({ name }) => name ?? "");
  return {
    nodes: [...(node ?? []).map(({ name }) => name ?? ""), ...inside.flatMap(({ nodes }) => nodes)],
    values: [
      ...given,
      ...(node ?? []).flatMap(({ output }) => output ?? []),
      ...inside.flatMap(({ values }) => values),
    ],
  };
}

const isConstant = (name: string) => /(^|\/)constant\//.test(name);
const parts = "image|encoder|decoder|latent|loss|kl|reconstruction|importance|batch|clip|pack|unpack";
/** A part of the model and the operator, under `gradient` where it is one. */
const readable = new RegExp(
  `^(Scan|(Scan/)?(((gradient/)?(${parts})|optimizer|gradient)(/[a-z_]+(\\.[a-z_0-9]+)*)?/)?[A-Z][A-Za-z]+(_\\d+)?)$`,
);

describe.each(emitted)("names in $title", ({ bytes }) => {
  const { nodes, values } = namesIn(onnx.ModelProto.decode(bytes).graph!);

  test("are there for every node and value, each once", () => {
    for (const names of [nodes, values]) {
      expect(names).not.toContain("");
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("are paths of the model's parts, an operator at the end", () => {
    const computed = nodes.filter((name) => !isConstant(name) && !name.endsWith("/Identity"));
    expect(computed.filter((name) => !readable.test(name))).toEqual([]);
  });
});

test("nodes of layers are named after their parameters", () => {
  const of = (title: string) => {
    const { bytes } = emitted.find((file) => file.title === title)!;
    return namesIn(onnx.ModelProto.decode(bytes).graph!).nodes.filter((name) => !isConstant(name));
  };
  expect(of("bernoulli-encoder")).toEqual([
    "image/Reshape",
    "encoder/hidden.0/Gemm",
    "encoder/hidden.0/Relu",
    "encoder/mean/Gemm",
    "encoder/log_variance/Gemm",
  ]);
});

const show = (ports: readonly Port[]) => ports.map((port) => `${port.name}: ${showType(port)}`);

/** The ports that DESIGN.md, section 4, promises. */
function promised({ name, model, training }: Emitted): { inputs: string[]; outputs: string[] } {
  const { channels, height, width } = model.image;
  const { batch } = training;
  const pixels = `${channels},${height},${width}`;
  const state = show(
    Object.entries(stateInputs(model, training)).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
  );
  const next = state.map((port) => port.replace(": ", ".next: "));
  const code = `float32[batch,${latentOf(model)}]`;
  switch (name) {
    case "encoder":
      return {
        inputs: [`image: float32[batch,${pixels}]`],
        outputs: [`mean: ${code}`, `log_variance: ${code}`],
      };
    case "decoder":
      return { inputs: [`latent: ${code}`], outputs: [`image: float32[batch,${pixels}]`] };
    case "evaluation":
      return {
        inputs: [`image: float32[batch,${pixels}]`, `noise: float32[1,batch,${latentOf(model)}]`],
        outputs: [
          ...["elbo", "reconstruction", "kl"].map((name) => `${name}: float32[batch]`),
          "log_weights: float32[1,batch]",
        ],
      };
    case "step":
      return {
        inputs: [
          ...state,
          `image: float32[${batch},${pixels}]`,
          `noise: float32[${batch},${latentOf(model)}]`,
          "learning_rate: float32[]",
          "kl_weight: float32[]",
        ],
        outputs: [...next, "loss: float32[]", "reconstruction: float32[]", "kl: float32[]"],
      };
    case "training":
      return {
        inputs: [
          ...state,
          `images: uint8[images,${pixels}]`,
          `index: int32[steps,${batch}]`,
          `noise: float32[steps,${batch},${latentOf(model)}]`,
          "learning_rate: float32[steps]",
          "kl_weight: float32[steps]",
        ],
        outputs: [...next, "loss: float32[steps]", "reconstruction: float32[steps]", "kl: float32[steps]"],
      };
  }
}

test.each(emitted)("$title has the inputs and outputs that are promised", async (file) => {
  const session = await Session.load(file.bytes, file.title, nodeHost);
  const ports = { inputs: show(session.inputs), outputs: show(session.outputs) };
  await session.release();
  expect(ports).toEqual(promised(file));
});
