/** Which models there are: under which names, from which files, loaded, unloaded, and loaded anew when a file changes. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InferenceService, type ServiceEvent } from "../../runtime/server/service.ts";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import { onnx } from "../../src/onnx/proto.ts";
import { encodeRequest, halfOf, pixels, type Serving, serve, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const folder = sharedFolder();
const path = (...names: string[]) => join(folder, ...names);
const namesOf = async (...models: string[]) => {
  const service = await InferenceService.open(models, { workers: 1, threads: 1, watch: 0 });
  const names = service.index().map(({ name }) => name);
  await service.close();
  return names;
};

/** An encoder whose first weights lie in another file. */
function withExternalData(location: string): Uint8Array {
  const model = onnx.ModelProto.decode(halfOf("encoder"));
  const [weight] = model.graph!.initializer!;
  weight!.rawData = new Uint8Array();
  weight!.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
  weight!.externalData = [{ key: "location", value: location }];
  return onnx.ModelProto.encode(model).finish();
}

beforeAll(async () => {
  await writeRun(path("digits"));
  await mkdir(path("models"));
  for (const name of ["a", "b"]) await writeFile(path("models", `${name}.onnx`), halfOf("encoder"));
  await writeFile(path("models", "notes.txt"), "not a model");
});

describe("names", () => {
  test("a run gives an encoder and a decoder, a file one model, a folder all of its files", async () => {
    const all = await namesOf(
      path("digits"),
      path("models"),
      `other=${path("digits")}`,
      `c=${path("models", "a.onnx")}`,
    );
    expect(all).toEqual([
      "digits-encoder",
      "digits-decoder",
      "a",
      "b",
      "other-encoder",
      "other-decoder",
      "c",
    ]);
  });

  test.each<[string, () => Promise<string[]>, RegExp]>([
    ["nothing there", async () => ["none"], /^none: does not exist$/],
    [
      "a folder without models",
      async () => [await mkdir(path("empty"), { recursive: true }).then(() => path("empty"))],
      /empty: is neither a run nor a folder with \.onnx files$/,
    ],
    [
      "two models of one name",
      async () => [path("models"), path("models", "a.onnx"), `b=${path("digits", "encoder.onnx")}`],
      /^b: is the name of two models/,
    ],
    [
      "a name for a folder",
      async () => [`x=${path("models")}`],
      /is a folder of models, which are called as their files are$/,
    ],
    [
      "a name with a slash",
      async () => [await cp(path("models", "a.onnx"), path("a b.onnx")).then(() => path("a b.onnx"))],
      /"a b" is no name for a model/,
    ],
    [
      "no model",
      async () => [await writeFile(path("bad.onnx"), "x").then(() => path("bad.onnx"))],
      /^bad: not an ONNX model/,
    ],
    [
      "a link that leads out of the folder",
      async () => {
        await mkdir(path("links"), { recursive: true });
        await symlink(path("models", "a.onnx"), path("links", "a.onnx")).catch(() => {});
        return [path("links")];
      },
      /leads out of the folder of models$/,
    ],
    [
      "weights in another file",
      async () => [
        await writeFile(path("external.onnx"), withExternalData("/etc/passwd")).then(() =>
          path("external.onnx"),
        ),
      ],
      /^external: .* lies in another file, which is not supported$/,
    ],
  ])("refused: %s", async (_what, make, error) => {
    await expect(namesOf(...(await make()))).rejects.toThrow(error);
  });
});

describe("the repository extension", () => {
  let server: Serving;
  const told: string[] = [];
  beforeAll(async () => {
    await cp(path("models"), path("repository"), { recursive: true });
    const onEvent = ({ error }: ServiceEvent) => {
      if (error !== undefined) told.push(String(error));
    };
    server = await serve([path("repository")], { watch: 0, onEvent });
  });
  afterAll(() => server.app.close());
  const states = async (body?: unknown) => (await server.post("/v2/repository/index", body)).json;

  test("lists, unloads and loads", async () => {
    const ready = (name: string) => ({ name, version: "1", state: "READY", reason: "" });
    expect(await states()).toEqual([ready("a"), ready("b")]);
    expect(await server.post("/v2/repository/models/a/unload")).toMatchObject({
      status: 200,
      bytes: Buffer.of(),
    });
    const gone = { name: "a", version: "1", state: "UNAVAILABLE", reason: "unloaded" };
    expect(await states({})).toEqual([gone, ready("b")]);
    expect(await states({ ready: true })).toEqual([ready("b")]);
    for (const path of ["", "/ready", "/stats"])
      expect(await server.get(`/v2/models/a${path}`)).toMatchObject({ status: 503 });
    const refused = await server.post("/v2/models/a/infer", encodeRequest(1));
    expect(refused).toMatchObject({ status: 503, json: { error: "model a is not loaded: unloaded" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await server.get("/v2/health/ready")).toMatchObject({ status: 503, json: { ready: false } });
    expect(await server.post("/v2/repository/models/a/load", {})).toMatchObject({ status: 200 });
    expect(await states()).toEqual([ready("a"), ready("b")]);
    expect(await server.post("/v2/models/a/infer", encodeRequest(1))).toMatchObject({ status: 200 });
  });

  test("what was asked before a model is unloaded is answered", async () => {
    const patient = await serve([path("repository")], { maxDelay: 60_000, watch: 0 });
    const asked = Array.from({ length: 20 }, (_, number) =>
      patient.post("/v2/models/a/infer", encodeRequest(number)),
    );
    const model = patient.service.model("a");
    await expect.poll(() => model.waiting).toBe(20);
    await patient.post("/v2/repository/models/a/unload");
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
    await patient.app.close();
  });

  test("a file that has come into the folder is there to be loaded", async () => {
    await writeFile(path("repository", "new.onnx"), halfOf("encoder"));
    const waiting = { name: "new", version: "1", state: "UNAVAILABLE", reason: "not loaded yet" };
    expect(await states()).toContainEqual(waiting);
    expect(await server.get("/v2/health/ready")).toMatchObject({ status: 200 });
    expect(await server.post("/v2/repository/models/new/load")).toMatchObject({ status: 200 });
    expect(await server.post("/v2/models/new/infer", encodeRequest(1))).toMatchObject({ status: 200 });
  });

  test("names may be as long as files' are", async () => {
    const name = "n".repeat(250);
    await writeFile(path("repository", `${name}.onnx`), halfOf("encoder"));
    expect(await server.post(`/v2/repository/models/${name}/load`)).toMatchObject({ status: 200 });
    expect(await server.get(`/v2/models/${name}`)).toMatchObject({ status: 200, json: { name } });
    for (const body of ["[", [], { parameters: "x" }])
      expect(await server.post(`/v2/repository/models/${name}/unload`, body)).toMatchObject({ status: 400 });
    const parameters = { unload_dependents: true };
    const unloaded = await server.post(`/v2/repository/models/${name}/unload`, { parameters });
    expect(unloaded).toMatchObject({ status: 200 });
    await rm(path("repository", `${name}.onnx`));
  });

  test("a file whose name is none for a model is told of once, and hides no other", async () => {
    told.length = 0;
    for (const name of ["a b", "newer"])
      await writeFile(path("repository", `${name}.onnx`), halfOf("encoder"));
    for (let i = 0; i < 2; i++)
      expect(await states()).toContainEqual(expect.objectContaining({ name: "newer" }));
    expect(told).toEqual([expect.stringMatching(/"a b" is no name for a model/)]);
    expect(await server.post("/v2/repository/models/newer/load")).toMatchObject({ status: 200 });
    for (const name of ["a b", "newer"]) await rm(path("repository", `${name}.onnx`));
  });

  test("a pipe where a model's file was is not waited for", async () => {
    await writeFile(path("repository", "pipe.onnx"), halfOf("encoder"));
    expect(await server.post("/v2/repository/models/pipe/load")).toMatchObject({ status: 200 });
    await rm(path("repository", "pipe.onnx"));
    execFileSync("mkfifo", [path("repository", "pipe.onnx")]);
    const { status, json } = await server.post("/v2/repository/models/pipe/load");
    expect({ status, json }).toEqual({ status: 400, json: { error: "model pipe could not be loaded" } });
    expect(await server.post("/v2/models/pipe/infer", encodeRequest(1))).toMatchObject({ status: 200 });
    await rm(path("repository", "pipe.onnx"));
  });

  test.each(["load", "unload"])(
    "%s of a model that there is not is a 404, whatever it is called",
    async (verb) => {
      for (const name of ["none", "..%2F..%2Fmodels%2Fa", "%2Fetc%2Fpasswd"])
        expect(await server.post(`/v2/repository/models/${name}/${verb}`)).toMatchObject({ status: 404 });
    },
  );

  test("load takes no parameters, and says nothing of files when it fails", async () => {
    const parameters = { config: "{}" };
    expect(await server.post("/v2/repository/models/a/load", { parameters })).toMatchObject({ status: 400 });
    for (const body of ["[", [], { parameters: "x" }])
      expect(await server.post("/v2/repository/models/a/load", body)).toMatchObject({ status: 400 });
    const none = await server.post("/v2/repository/models/a/load", { parameters: null });
    expect(none).toMatchObject({ status: 200 });
    await writeFile(path("repository", "b.onnx"), "damaged");
    const { status, json } = await server.post("/v2/repository/models/b/load");
    expect({ status, json }).toEqual({ status: 400, json: { error: "model b could not be loaded" } });
    // The one from before goes on.
    expect(await server.post("/v2/models/b/infer", encodeRequest(1))).toMatchObject({ status: 200 });
  });
});

test("a model that somebody still holds when it is loaded anew answers, beside the new one", async () => {
  await writeFile(path("held.onnx"), halfOf("encoder"));
  const options = { workers: 1, threads: 1, maxDelay: 0, maxBacklog: 10_000, watch: 0 };
  const service = await InferenceService.open([path("held.onnx")], options);
  const image = tensor("float32", [1, 1, 28, 28], Float32Array.from(pixels(1)));
  for (let reload = 0; reload < 10; reload++) {
    const before = service.model("held");
    await service.load("held");
    const models = [before, service.model("held")];
    const answers = Array.from({ length: 20 }, (_, i) => models[i % 2]!.infer({ image }));
    const means = (await Promise.all(answers)).map(({ mean }) => [...(mean as Tensor<"float32">).data]);
    expect(new Set(means.map(String)).size).toBe(1);
  }
  await service.close();
});

test("a model is loaded anew when its file changes, and no request is dropped", async () => {
  await mkdir(path("changing"));
  const replace = async (seed: number) => {
    await writeFile(path("changing.tmp"), halfOf("encoder", seed));
    await rename(path("changing.tmp"), path("changing", "m.onnx"));
  };
  await replace(1);
  const server = await serve([path("changing")], { watch: 10 });
  const statuses = new Set<number>();
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) statuses.add((await server.post("/v2/models/m/infer", encodeRequest(1))).status);
  });
  const meanOf = async () =>
    (await server.post("/v2/models/m/infer", encodeRequest(1))).json.outputs![0]!.data;
  const seen = [await meanOf()];
  for (let seed = 2; seed < 8; seed++) {
    await replace(seed);
    await expect.poll(meanOf, { timeout: 20_000 }).not.toEqual(seen.at(-1));
    seen.push(await meanOf());
  }
  isOver = true;
  await Promise.all(load);
  await server.app.close();
  expect([...statuses]).toEqual([200]);
  expect(new Set(seen.map(String)).size).toBe(7);
});

test("a folder that is a link is read where it leads to now; what can't be read is said once", async () => {
  for (const seed of [1, 2]) {
    await mkdir(path(`release-${seed}`));
    await writeFile(path(`release-${seed}`, "m.onnx"), halfOf("encoder", seed));
  }
  const lead = async (to: string) => {
    await symlink(path(to), path("next"));
    await rename(path("next"), path("current"));
  };
  await lead("release-1");
  const events: ServiceEvent[] = [];
  const onEvent = (event: ServiceEvent) => events.push(event);
  const server = await serve([path("current")], { watch: 10, onEvent });
  const meanOf = async () =>
    (await server.post("/v2/models/m/infer", encodeRequest(1))).json.outputs![0]!.data;
  const before = await meanOf();
  await lead("release-2");
  await expect.poll(meanOf, { timeout: 20_000 }).not.toEqual(before);
  // A file that leads out of its folder.
  await mkdir(path("release-3"));
  await symlink(path("release-1", "m.onnx"), path("release-3", "m.onnx"));
  await lead("release-3");
  const after = await meanOf();
  await expect.poll(() => events.at(-1)?.message).toBe("model could not be loaded");
  await sleep(100);
  expect(await meanOf()).toEqual(after);
  await server.app.close();
  expect(events.map(({ message }) => message)).toEqual([
    "model loaded",
    "model loaded anew",
    "model could not be loaded",
  ]);
});
