/** Requests that run together: each gets its own answer, none fails for another, and none waits without end. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { BatchLimits, Timing } from "../../runtime/server/ask.ts";
import { Batcher } from "../../runtime/server/batcher.ts";
import { ServiceError } from "../../runtime/server/error.ts";
import { WorkerLost } from "../../runtime/server/failure.ts";
import type { Feeds } from "../../runtime/server/feeds.ts";
import { notFinite } from "../../runtime/server/finite.ts";
import type { ServiceEvent } from "../../runtime/server/service.ts";
import type { Ran } from "../../runtime/server/worker.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { encodeRequest, halfOf, type Serving, serve, slowModel, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const limits: BatchLimits = { maxBatch: 4, maxDelay: 20, maxQueue: 8, maxBacklog: 10_000, timeout: 10_000 };

/** Rows of one number each. */
const rows = (...numbers: number[]): Tensors => ({
  x: tensor("float32", [numbers.length, 1], Float32Array.from(numbers)),
});
const numbersIn = ({ x }: Feeds): number[] => [...((x as Tensor).data as Float32Array)];

/** A batcher over a model that doubles, and what it was run with. */
function doubling(
  changes: Partial<BatchLimits> = {},
  before: (numbers: number[]) => unknown = () => {},
  compute = 1,
) {
  const runs: number[][] = [];
  const timings: Timing[] = [];
  const run = async (feeds: Feeds): Promise<Ran> => {
    const numbers = numbersIn(feeds);
    runs.push(numbers);
    await before(numbers);
    return { outputs: rows(...numbers.map((value) => 2 * value)), compute };
  };
  const batcher = new Batcher(
    run,
    1,
    { ...limits, ...changes },
    { ran: () => {}, done: (timing) => timings.push(timing), failed: () => {} },
  );
  const ask = (
    numbers: number[],
    more: { key?: string | null; signal?: { aborted: boolean }; timeout?: number } = {},
  ) => batcher.ask({ feeds: rows(...numbers), rows: numbers.length, key: "", ...more }).then(numbersIn);
  return { batcher, runs, timings, ask };
}

describe("the queue of a model", () => {
  afterEach(() => void vi.useRealTimers());

  test("requests that wait run together, and each gets its own rows", async () => {
    const { ask, runs, timings } = doubling();
    const answers = await Promise.all([ask([1]), ask([2, 3]), ask([4])]);
    expect(answers).toEqual([[2], [4, 6], [8]]);
    expect(runs).toEqual([[1, 2, 3, 4]]);
    expect(timings.map(({ batch }) => batch)).toEqual([4, 4, 4]);
  });

  test("no more rows together than are allowed, but for one request that has more", async () => {
    const { ask, runs } = doubling();
    await Promise.all([ask([1, 1, 1]), ask([2, 2]), ask([3]), ask([4, 4, 4, 4, 4])]);
    expect(runs).toEqual([
      [1, 1, 1],
      [2, 2, 3],
      [4, 4, 4, 4, 4],
    ]);
  });

  test("fewer clients than fill a batch wait for each other alone, once it is known how many they are", async () => {
    vi.useFakeTimers();
    const { ask, runs } = doubling();
    const both = () => Promise.all([ask([1]), ask([2])]);
    for (let i = 0; i < 10; i++) {
      const asked = both();
      await vi.advanceTimersByTimeAsync(limits.maxDelay);
      await asked;
    }
    await both();
    expect(runs).toEqual(Array(11).fill([1, 2]));
    const alone = ask([3]);
    await vi.advanceTimersByTimeAsync(limits.maxDelay - 1);
    expect(runs).toHaveLength(11);
    await vi.advanceTimersByTimeAsync(1);
    expect(await alone).toEqual([6]);
  });

  test("a request whose numbers are not finite is refused, and those that ran with it run without it", async () => {
    const { ask, runs } = doubling({}, (numbers) => {
      const fact = notFinite(rows(...numbers));
      if (fact !== undefined) throw new ServiceError(400, fact);
    });
    const answers = await Promise.allSettled([ask([1]), ask([2, Number.NaN]), ask([3]), ask([Infinity])]);
    const refused = (element: string) => ({
      status: "rejected",
      reason: new ServiceError(400, `input x: element ${element}, not a finite number`),
    });
    expect(answers).toEqual([
      { status: "fulfilled", value: [2] },
      refused("1 is NaN"),
      { status: "fulfilled", value: [6] },
      refused("0 is Infinity"),
    ]);
    expect(runs).toEqual([[1, 2, Number.NaN, 3], [1, 3], [Infinity]]);
  });

  test("what differs in a size that the model leaves open runs apart, and what can't be joined alone", async () => {
    const { ask, runs } = doubling();
    await Promise.all([
      ask([1], { key: "8" }),
      ask([2], { key: "9" }),
      ask([3], { key: "8" }),
      ask([4], { key: null }),
      ask([5], { key: null }),
    ]);
    expect(runs).toEqual([[1, 3], [2], [4], [5]]);
  });

  test("a run that fails is done again, each request alone: one fails", async () => {
    const { ask, runs } = doubling({}, (numbers) => {
      if (numbers.includes(13)) throw new Error("unlucky");
    });
    const answers = await Promise.allSettled([ask([1]), ask([13]), ask([2])]);
    expect(answers).toMatchObject([
      { status: "fulfilled", value: [2] },
      { status: "rejected", reason: { statusCode: 500, message: "unlucky" } },
      { status: "fulfilled", value: [4] },
    ]);
    expect(runs).toEqual([[1, 13, 2], [1], [13], [2]]);
  });

  test("a model that gives other rows than it says runs each request alone", async () => {
    const asked: number[][] = [];
    const batcher = new Batcher(
      async (feeds) => {
        asked.push(numbersIn(feeds));
        return { outputs: rows(numbersIn(feeds).reduce((sum, value) => sum + value, 0)), compute: 1 };
      },
      1,
      limits,
      { ran: () => {}, done: () => {}, failed: () => {} },
    );
    const ask = (...numbers: number[]) =>
      batcher.ask({ feeds: rows(...numbers), rows: numbers.length, key: "" }).then(numbersIn);
    expect(await Promise.all([ask(1, 2), ask(3)])).toEqual([[3], [3]]);
    expect(asked).toEqual([[1, 2, 3], [1, 2], [3]]);
  });

  test("values that a node can't do with are the client's fault, and memory that is short is not", async () => {
    const failing = (status: string) => {
      const said = `Non-zero status code returned while running Gather node. Status Message: ${status}`;
      return doubling({}, () => {
        throw new Error(said);
      }).ask([1]);
    };
    await expect(failing("indices element out of bounds")).rejects.toMatchObject({ statusCode: 400 });
    await expect(failing("Failed to allocate memory")).rejects.toMatchObject({ statusCode: 500 });
  });

  test("a request whose worker is lost is run once more, and then answered with a 503", async () => {
    let losses = 1;
    const lose = () => {
      if (losses-- > 0) throw new WorkerLost();
    };
    const { ask } = doubling({}, lose);
    expect(await ask([1])).toEqual([2]);
    losses = 2;
    await expect(ask([1])).rejects.toMatchObject({ statusCode: 503, retryAfter: 1 });
  });

  test("one more than may wait is refused with a 503, and there is room again when one client has gone", async () => {
    let free = () => {};
    const busy = new Promise<void>((resolve) => {
      free = resolve;
    });
    const { ask, batcher, runs } = doubling({ maxQueue: 2, maxBatch: 1, maxDelay: 0 }, () => busy);
    const signal = { aborted: false };
    // One runs and one is ready to, before any waits.
    const [first, ahead, second] = [ask([1]), ask([0]), ask([2])];
    const third = ask([3], { signal }).catch((error) => error);
    await expect(ask([4])).rejects.toMatchObject({ statusCode: 503, retryAfter: 1 });
    expect(batcher.admits()).toBe(false);
    signal.aborted = true;
    const fourth = ask([4]);
    expect(await third).toMatchObject({ statusCode: 499 });
    free();
    expect(await Promise.all([first, ahead, second, fourth])).toEqual([[2], [0], [4], [8]]);
    expect(runs).toEqual([[1], [0], [2], [4]]);
  });

  describe("a backlog that lasts is refused before the queue is full", () => {
    const limits = { maxBatch: 2, maxDelay: 0, maxQueue: 99, maxBacklog: 30 };
    const refused = {
      status: "rejected",
      reason: expect.objectContaining({ statusCode: 503, retryAfter: 1 }),
    };
    const answered = (count: number) =>
      Array.from({ length: count }, (_, number) => ({ status: "fulfilled", value: [2 * number] }));

    /** A queue that was overloaded when the clock stood at 31, and now is empty. */
    async function overloaded(compute: number) {
      let free = () => {};
      let busy: Promise<void> | undefined = new Promise<void>((resolve) => {
        free = resolve;
      });
      const { ask, batcher } = doubling(limits, () => busy, compute);
      const burst = () => Promise.allSettled(Array.from({ length: 70 }, (_, number) => ask([number])));
      const clock = vi.spyOn(performance, "now").mockReturnValue(0);
      const first = burst();
      expect(batcher.waiting).toBe(67);
      clock.mockReturnValue(31);
      expect(await Promise.allSettled([ask([9])])).toEqual([refused]);
      free();
      busy = undefined;
      expect(await first).toEqual(answered(70));
      return { ask, batcher, burst, clock };
    }
    afterEach(() => vi.restoreAllMocks());

    const cut = [...answered(64), ...Array(6).fill(refused)];

    test("and a burst is let in again when there was nothing to do for a while", async () => {
      const { burst, clock } = await overloaded(1);
      clock.mockReturnValue(80);
      expect(await burst()).toEqual(cut);
      clock.mockReturnValue(131);
      expect(await burst()).toEqual(answered(70));
    });

    test.each([
      ["half of the room is left free where as many again wait to be told", 1, 64, 32],
      ["none of it where fewer do", 1, 63, 64],
      ["none of it where runs are long", 10, 64, 64],
    ])("%s", async (_what, compute, held, room) => {
      const { ask, batcher } = await overloaded(compute);
      let admitted = 0;
      const asked: Promise<number[]>[] = [];
      for (; admitted < 70 && batcher.admits(held); admitted++) asked.push(ask([admitted]));
      expect(admitted).toBe(room);
      await Promise.all(asked);
    });

    // That a burst was cut is a sign where all that is asked in a moment is read before any of it is old.
    test.each([
      ["short, without a refusal", 1, cut],
      ["long, without an old request", 10, answered(70)],
    ])("or when runs are %s for longer, though others asked all the time", async (_what, compute, next) => {
      const { ask, burst, clock } = await overloaded(compute);
      const calm = async (from: number, to: number) => {
        for (let now = from; now < to; now += 10) {
          clock.mockReturnValue(now);
          await ask([1]);
        }
        clock.mockReturnValue(to);
      };
      await calm(31, 230);
      expect(await burst()).toEqual(cut);
      clock.mockReturnValue(231);
      expect(await burst()).toEqual(next);
      await calm(231, 432);
      expect(await burst()).toEqual(answered(70));
    });
  });

  test("a full batch is made ready while another runs, and a request alone is not", async () => {
    const { ask, runs } = doubling({ maxBatch: 2, maxDelay: 0 }, () => sleep(50));
    const asked = [1, 2, 3, 4, 5].map((number) => ask([number]));
    expect(runs).toEqual([[1], [2, 3]]);
    asked.push(ask([6]));
    expect(runs).toEqual([[1], [2, 3]]);
    await Promise.all(asked);
    expect(runs).toEqual([[1], [2, 3], [4, 5], [6]]);
  });

  test("a request that takes too long is answered: 503 where it waited, 504 where it ran", async () => {
    const { ask, batcher } = doubling({ maxBatch: 1, maxDelay: 0 }, () => sleep(150));
    const running = ask([1], { timeout: 30 });
    const ahead = ask([0]);
    const waiting = ask([2], { timeout: 30 });
    await expect(running).rejects.toMatchObject({
      statusCode: 504,
      message: "the model took longer than 30 ms",
    });
    await expect(waiting).rejects.toMatchObject({ statusCode: 503, retryAfter: 1 });
    await batcher.drain();
    expect(await ahead).toEqual([0]);
    expect(await ask([3])).toEqual([6]);
  });

  test("draining runs what waits at once, and settles when it is answered", async () => {
    const { ask, batcher, runs } = doubling({ maxDelay: 1_000_000 });
    const answer = ask([1]);
    expect(runs).toEqual([]);
    await batcher.drain();
    expect(await answer).toEqual([2]);
    await batcher.drain();
  });
});

describe("over HTTP", () => {
  const folder = sharedFolder();
  let server: Serving;
  beforeAll(async () => {
    await writeRun(join(folder, "tiny"));
    server = await serve([join(folder, "tiny")], { maxBatch: 16, maxDelay: 50 });
  });
  afterAll(() => server.app.close());
  const encode = async (...numbers: number[]) => {
    const { status, json } = await server.post("/v2/models/tiny-encoder/infer", encodeRequest(...numbers));
    expect(status).toBe(200);
    return json.outputs!.map(({ data }) => data!);
  };

  test("answers are those of requests one at a time, whatever runs beside them", async () => {
    const alone = [];
    for (let number = 0; number < 8; number++) alone.push(await encode(number, number + 1));
    const wrong = server.post("/v2/models/tiny-encoder/infer", { inputs: [] });
    // This one is found out in the worker, when it runs with the others. No JSON number is larger than any float32.
    const [input] = encodeRequest(1).inputs;
    const endless = { inputs: [{ ...input, data: input!.data.map((value, i) => (i === 3 ? 1e39 : value)) }] };
    const unfit = server.post("/v2/models/tiny-encoder/infer", endless);
    const together = await Promise.all(alone.map((_, number) => encode(number, number + 1)));
    expect((await wrong).status).toBe(400);
    expect(await unfit).toMatchObject({
      status: 400,
      json: { error: "input image: element 3 is Infinity, not a finite number" },
    });
    expect(together).toEqual(
      alone.map((outputs) => outputs.map((data) => data.map((value) => expect.closeTo(value, 5)))),
    );
    const { json } = await server.get("/v2/models/tiny-encoder/stats");
    const [{ batch_stats }] = json.model_stats as [{ batch_stats: { batch_size: number }[] }];
    expect(Math.max(...batch_stats.map(({ batch_size }) => batch_size))).toBeGreaterThan(2);
  });

  test("a model whose rows depend on each other runs each request alone", async () => {
    await writeFile(join(folder, "dynamic.onnx"), halfOf("encoder", 3, { kind: "int8" }));
    const dynamic = await serve([join(folder, "dynamic.onnx")], { maxDelay: 50 });
    const ask = async (number: number) => {
      const { json } = await dynamic.post("/v2/models/dynamic/infer", encodeRequest(number));
      return json.outputs!.map(({ data }) => data);
    };
    const alone = [];
    for (let number = 0; number < 8; number++) alone.push(await ask(number));
    expect(await Promise.all(alone.map((_, number) => ask(number)))).toEqual(alone);
    const { json } = await dynamic.get("/v2/models/dynamic/stats");
    expect(json.model_stats).toMatchObject([{ execution_count: 16, batch_stats: [{ batch_size: 1 }] }]);
    await dynamic.app.close();
  });

  const lost = (message: unknown) => ({ model: "slow", message: "a worker was lost", error: { message } });
  test.each([
    // Between its run and its end there may be time for the answer.
    ["is terminated", (worker: Worker) => worker.terminate(), [[], [lost(expect.any(String))]]],
    [
      "fails",
      (worker: Worker) => worker.emit("error", new Error("no more memory")),
      [[lost("no more memory")]],
    ],
  ])("a worker that %s in mid-run is replaced, and what it ran is answered", async (_what, end, allowed) => {
    await writeFile(join(folder, "slow.onnx"), slowModel());
    const told: object[] = [];
    const onEvent = ({ error, ...event }: ServiceEvent) =>
      error !== undefined && told.push({ ...event, error: { message: (error as Error).message } });
    const slow = await serve([join(folder, "slow.onnx")], { maxDelay: 500, maxBatch: 3, onEvent });
    const inputs = [{ name: "x", shape: [1, 1], datatype: "FP32", data: [1] }];
    let answered = 0;
    const ask = () => slow.post("/v2/models/slow/infer", { inputs }).finally(() => answered++);
    const asked = [ask(), ask()];
    const model = slow.service.model("slow");
    await expect.poll(() => model.waiting, { interval: 1 }).toBe(2);
    await expect.poll(() => model.waiting, { interval: 1 }).toBe(0);
    // They have gone to the worker, whose run takes longer than this.
    await sleep(50);
    expect(answered).toBe(0);
    const [worker] = slow.service.workerThreads;
    const ended = new Promise((resolve) => worker!.once("exit", resolve));
    end(worker!);
    await ended;
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
    expect(allowed).toContainEqual(told);
    expect(slow.service.workerThreads).toEqual([expect.not.objectContaining({ threadId: worker!.threadId })]);
    expect(await slow.post("/v2/models/slow/infer", { inputs })).toMatchObject({ status: 200 });
    await slow.app.close();
  });
});
