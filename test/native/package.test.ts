/** What is published: the built package under plain Node, and its portable half in a browser's bundle. */
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { version } from "../../src/version.ts";
import { temporaryFolder } from "../support/idx.ts";

const manifest = JSON.parse(await readFile("package.json", "utf8"));
const node = (...args: string[]) => execFileSync(process.execPath, args, { encoding: "utf8" });

describe("the built package", () => {
  beforeAll(() => {
    execFileSync("npm", ["run", "-s", "build"], { stdio: "pipe" });
  });

  test("the command runs without a loader", () => {
    expect(node("dist/runtime/cli/main.js", "--version").trim()).toBe(manifest.version);
  });

  test("its name imports the Node half, which encodes and decodes a graph", () => {
    const script = `
      import { decode, encode, graph, input, ops, print } from "isthmus";
      const x = input("x", "float32", ["batch", 3]);
      const doubled = graph("doubled", { x }, { y: ops.add(x, x) });
      console.log(print(decode(encode(doubled))) === print(doubled), typeof (await import("isthmus")).train);`;
    expect(node("--input-type=module", "--eval", script).trim()).toBe("true function");
  });

  test("the service's workers run without a loader", () => {
    const script = `
      import { InferenceService } from "isthmus/server";
      const service = await InferenceService.open(["test/fixtures/exported/dense-encoder.onnx"], { workers: 1 });
      const { inputs, outputs } = service.model("dense-encoder");
      const [{ name, shape }] = inputs;
      const sizes = shape.map((dim) => (typeof dim === "number" ? dim : 2));
      const data = new Float32Array(sizes.reduce((size, dim) => size * dim, 1));
      const results = await service.model("dense-encoder").infer({ [name]: { dtype: "float32", shape: sizes, data } });
      console.log(results[outputs[0].name].shape[0]);
      await service.close();`;
    expect(node("--input-type=module", "--eval", script).trim()).toBe("2");
  });

  test.each([
    ["with", ["isthmus", "isthmus/node", "isthmus/server", "isthmus/web"], ["@types/node"]],
    ["without", ["isthmus/web"], []],
  ])(
    "has types that need nothing but its dependencies, %s Node",
    async (_with, entries, types) => {
      const folder = await temporaryFolder();
      const modules = join(folder, "node_modules");
      await cp("dist", join(modules, "isthmus/dist"), { recursive: true });
      await cp("package.json", join(modules, "isthmus/package.json"));
      for (const name of [...Object.keys(manifest.dependencies), ...types]) {
        await mkdir(dirname(join(modules, name)), { recursive: true });
        await symlink(resolve("node_modules", name), join(modules, name));
      }
      const lines = entries.map((entry, i) => `export * as half${i} from "${entry}";`);
      await writeFile(join(folder, "user.mts"), lines.join("\n"));
      const lib = "es2023,dom,dom.iterable,dom.asynciterable";
      const flags = [
        "--noEmit",
        "--strict",
        "--module",
        "nodenext",
        "--lib",
        lib,
        "--types",
        types.length > 0 ? "node" : "",
      ];
      const { status, stdout } = spawnSync(resolve("node_modules/.bin/tsc"), [...flags, "user.mts"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    },
    180_000,
  );

  test("protobufjs is inside, of the major that is tested", async () => {
    const bundled = await readFile("dist/src/onnx/proto.js", "utf8");
    expect(bundled).not.toMatch(/from\s*"(protobufjs|onnx-proto)/);
    expect(Object.keys(manifest.dependencies)).not.toContain("onnx-proto");
  });

  test("ONNX Runtime's training, of 100 MB, is installed by whoever asks for it", () => {
    const installed = { ...manifest.dependencies, ...manifest.optionalDependencies };
    expect(Object.keys(installed)).not.toContain("onnxruntime-training");
    expect(manifest.peerDependenciesMeta["onnxruntime-training"]).toEqual({ optional: true });
  });
});

test("a browser's bundle has nothing of Node in it, and of ONNX Runtime nothing before it is asked for", async () => {
  const { metafile } = await build({
    entryPoints: { web: "runtime/web.ts" },
    bundle: true,
    splitting: true,
    outdir: "/",
    platform: "browser",
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs);
  expect(files).toContain("runtime/session.ts");
  expect(
    files.filter((file) =>
      /onnxruntime-node|runtime\/host\/(node|file)|jimp|resvg|fastify|piscina|prom-client/.test(file),
    ),
  ).toEqual([]);
  const first = Object.entries(metafile.outputs).find(([path]) => path.endsWith("web.js"))![1];
  expect(Object.keys(first.inputs).filter((file) => file.includes("node_modules/onnxruntime"))).toEqual([]);
  expect(first.imports.some(({ kind }) => kind === "dynamic-import")).toBe(true);
});

test("models carry the package's version", () => {
  expect(version).toBe(manifest.version);
});
