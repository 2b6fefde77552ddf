import { beforeAll, describe, expect, test } from "vitest";
import { latentOf, type ModelDescription } from "../../graphs/families.ts";
import { stateInputs } from "../../graphs/step.ts";
import type { Port } from "../../runtime/host/host.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { Session } from "../../runtime/session.ts";
import { showType } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { type GraphProto, onnx } from "../../src/onnx/proto.ts";
import { verdictsOn } from "../support/checker.ts";
import { type Emitted, emitted } from "../support/emitted.ts";
import { findPython } from "../support/python.ts";
import { build } from "../support/samples/sample.ts";
import { cases } from "../support/samples/samples.ts";

const python = findPython("onnx");
if (python.missing) console.info(`skipped: onnx.checker: ${python.missing}`);

describe.skipIf(python.missing !== undefined)("onnx.checker, with full_check, accepts", () => {
  let verdicts: Awaited<ReturnType<typeof verdictsOn>>;

  beforeAll(async () => {
    const operators = cases.map(
      ({ op, sample, number }) => [`${op}-${number}`, encode(build(op, sample, number).graph)] as const,
    );
    const graphs = emitted.map(({ title, bytes }) => [title, bytes] as const);
    verdicts = await verdictsOn(python.command!, [...graphs, ...operators]);
  }, 60_000);

  test.each(emitted)("$title", ({ title }) => expect(verdicts[title]).toBeNull());
  test.each(cases)("$title", ({ op, number }) => expect(verdicts[`${op}-${number}`]).toBeNull());
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
const parts = [
  ...["image", "encoder", "decoder", "latent", "loss", "kl", "reconstruction", "importance", "batch"],
  ...["clip", "pack", "unpack", "binarise", "corruption", "jacobian", "mmd"],
].join("|");
/** A part of the model and the operator, under `gradient` where it is one; a Jacobian is made of gradients itself. */
const readable = new RegExp(
  `^(Scan|(Scan/)?(((gradient/)?(jacobian/gradient/)?(${parts})|optimizer|gradient)(/[a-z_]+(\\.[a-z_0-9]+)*)?/)?[A-Z][A-Za-z]+(_\\d+)?)$`,
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

const show = (ports: readonly Port[]) => ports.map((port) => `${port.name}: ${showType(port)}`).sort();

/** What a family is fed with besides images, and what it tells of each image besides the terms of its loss. */
interface Reads {
  /** The shape of what is drawn for an image, and how many draws there are where there are several. */
  readonly drawn: Readonly<Record<string, readonly [shape: string, draws?: number]>>;
  readonly isConditional?: boolean;
  readonly codes: readonly string[];
  readonly details: Readonly<Record<string, number>>;
}

function readsOf(model: ModelDescription): Reads {
  const latent = latentOf(model);
  const { channels, height, width } = model.image;
  const pixels = [`${channels},${height},${width}`] as const;
  switch (model.family) {
    case "vae": {
      const { importanceSamples: draws, binarise, classes } = model;
      return {
        drawn: {
          noise: draws > 1 ? [`${latent}`, draws] : [`${latent}`],
          ...(binarise && { binarisation: pixels }),
        },
        isConditional: classes !== undefined,
        codes: ["mean", "log_variance"],
        details: { kl_per_dimension: latent, mean: latent },
      };
    }
    case "autoencoder": {
      const { corruption, penalty } = model;
      const told = penalty?.kind === "l1" || penalty?.kind === "kl";
      return {
        drawn: {
          ...(corruption && { corruption: pixels }),
          ...(penalty?.kind === "jacobian" && { probe: [`${latent}`] as const }),
          ...(penalty?.kind === "mmd" && { noise: [`${latent}`] as const }),
        },
        codes: ["code"],
        details: told ? { activation: latent } : {},
      };
    }
    case "vq-vae":
      return { drawn: {}, codes: ["code"], details: { code_usage: model.codes } };
    case "memorizer":
      return { drawn: {}, codes: ["code"], details: {} };
    case "onnx":
      throw new Error("a model from elsewhere is tested elsewhere");
  }
}

/** The ports that DESIGN.md, section 4, promises. */
function promised({ name, model, training }: Emitted): { inputs: string[]; outputs: string[] } {
  const { channels, height, width } = model.image;
  const { batch } = training;
  const pixels = `${channels},${height},${width}`;
  const { drawn, isConditional, codes, details } = readsOf(model);
  const isBound = model.family === "vae";
  const state = Object.entries(stateInputs(model, training));
  const states = (suffix: string) => state.map(([name, { shape }]) => `${name}${suffix}: float32[${shape}]`);
  const code = `float32[batch,${latentOf(model)}]`;
  const label = isConditional ? ["label: int32[batch]"] : [];
  /** Of a batch of this size; of every step where there are several. */
  const draws = (dims: readonly (string | number)[]) =>
    Object.entries(drawn).map(([name, [shape, count]]) => {
      const leading = count === undefined ? dims : dims.toSpliced(-1, 0, count);
      return `${name}: float32[${[...leading, shape]}]`;
    });
  switch (name) {
    case "encoder":
      return {
        inputs: [`image: float32[batch,${pixels}]`, ...label],
        outputs: codes.map((name) => `${name}: ${code}`),
      };
    case "decoder":
      return { inputs: [`latent: ${code}`, ...label], outputs: [`image: float32[batch,${pixels}]`] };
    case "evaluation": {
      const others = draws(["batch"]).filter((port) => !isBound || !port.startsWith("noise"));
      const count = model.family === "vae" ? model.importanceSamples : 1;
      const noise = isBound ? [`noise: float32[${count},batch,${latentOf(model)}]`] : [];
      return {
        inputs: [`image: float32[batch,${pixels}]`, ...label, ...others, ...noise],
        outputs: [
          ...["reconstruction", "kl"].map((name) => `${name}: float32[batch]`),
          ...(isBound ? ["elbo: float32[batch]", `log_weights: float32[${count},batch]`] : []),
          ...Object.entries(details).map(([name, width]) => `${name}: float32[batch,${width}]`),
        ],
      };
    }
    case "step":
      return {
        inputs: [
          ...states(""),
          `image: float32[${batch},${pixels}]`,
          ...(isConditional ? [`label: int32[${batch}]`] : []),
          ...(model.family === "memorizer" ? [`position: int32[${batch}]`] : []),
          ...draws([batch]),
          ...rates("float32[]"),
        ],
        outputs: [...states(".next"), ...losses("float32[]")],
      };
    case "training":
      return {
        inputs: [
          ...states(""),
          `images: uint8[images,${pixels}]`,
          ...(isConditional ? ["labels: int32[images]"] : []),
          `index: int32[steps,${batch}]`,
          ...(model.family === "memorizer" ? [`position: int32[steps,${batch}]`] : []),
          ...draws(["steps", batch]),
          ...rates("float32[steps]"),
        ],
        outputs: [...states(".next"), ...losses("float32[steps]")],
      };
  }
}

const rates = (type: string) => ["learning_rate", "kl_weight"].map((name) => `${name}: ${type}`);
const losses = (type: string) => ["loss", "reconstruction", "kl"].map((name) => `${name}: ${type}`);

test.each(emitted)("$title has the inputs and outputs that are promised", async (file) => {
  const session = await Session.load(file.bytes, file.title, nodeHost);
  const ports = { inputs: show(session.inputs), outputs: show(session.outputs) };
  await session.release();
  const { inputs, outputs } = promised(file);
  expect(ports).toEqual({ inputs: inputs.sort(), outputs: outputs.sort() });
});
