/**
 * `isthmus serve` under load: the encoder of `vae` (784-400-20), with the client on the same machine.
 *
 *     npm run build && npx tsx bench/serve.ts [--json] [--rounds 5] [--seconds 4] [--minutes 5]
 *
 * The service as it is by default, the service without batching and an empty handler are processes of their own, asked
 * in turns, and this process runs the model in a bare loop in between: whatever else the machine does meets all of
 * them, and ratios are of one round. `--minutes` is how long memory is watched at twice the capacity; 0 leaves it out.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { median } from "./rounds.ts";
import { bareLoop, binaryForm, type Form, jsonForm, prepare } from "./serve/encoder.ts";
import { closedLoad, latency, type Outcome, openLoad, pace, post } from "./serve/load.ts";
import { watchMemory } from "./serve/memory.ts";
import { type Server, startEmpty, startService } from "./serve/servers.ts";

const CONNECTIONS = 64;
/** Of an open load: more than may wait. What is due while all of them wait is counted as not sent. */
const MANY = 1024;
const INFER = "/v2/models/vae-encoder/infer";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    minutes: { type: "string", default: "5" },
  },
});
const [rounds, seconds, minutes] = [+options.rounds, +options.seconds, +options.minutes];

const encoder = await prepare();
const batched = await startService([encoder.run]);
const single = await startService([encoder.run, "--max-batch", "1"]);
const forms = { binary: binaryForm(), json: jsonForm() };
const bytes = { binary: await answerBytes(forms.binary), json: await answerBytes(forms.json) };
const empty = await startEmpty(bytes.json, bytes.binary);

const throughput = { binary: await measureThroughput("binary"), json: await measureThroughput("json") };
const overload = {
  binary: await measureOverload("binary", batched),
  json: await measureOverload("json", batched),
  // Here the model is what holds requests up, and not HTTP.
  "binary, no batching": await measureOverload("binary", single),
};
const memory = minutes > 0 ? await measureMemory(2 * throughput.binary.batched) : undefined;
await Promise.all([batched.stop(), single.stop(), empty.stop()]);
await encoder.remove();

const setting = {
  model: "vae 784-400-20",
  load: `${CONNECTIONS} connections`,
  rounds: `${rounds} rounds of ${seconds} s, overloads of ${3 * seconds} s`,
  cpu: `${cpus().length} × ${cpus()[0]?.model}`,
};
if (options.json) console.log(JSON.stringify({ setting, throughput, overload, memory }));
else {
  console.log(Object.values(setting).join(" · "));
  console.log(
    "\nper second; asked: batched ≥ 2 × single, and ≥ 0.7 × what the loop and the empty handler allow",
  );
  console.table(throughput);
  console.log("at twice the capacity; asked: p99 of the answered < 5 × p99 of one client alone");
  console.table(overload);
  if (memory !== undefined) console.log(`resident over ${minutes} minutes at twice the capacity, in MiB`);
  if (memory !== undefined) console.table({ memory });
}

type Name = keyof typeof forms;

/** Bytes of an answer's body. */
async function answerBytes({ headers, body }: Form): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${batched.port}${INFER}`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.arrayBuffer()).byteLength;
}

function requestOf(name: Name, path: string): Buffer {
  return post(path, forms[name].headers, forms[name].body);
}

/** Requests per second of each server, and rows per second of the loop; all are medians over the rounds. */
async function measureThroughput(name: Name) {
  const ask = async (port: number, path: string) => {
    const target = { port, request: requestOf(name, path), seconds, connections: CONNECTIONS };
    const outcome = await closedLoad(target);
    if (outcome.failed + outcome.refused > 0) throw new Error(`${path}: not every request was answered`);
    return pace(outcome);
  };
  const all: Record<"alone" | "together" | "batch" | "loop" | "handler" | "allowed", number>[] = [];
  for (let round = -1; round < rounds; round++) {
    const before = await runsOf(batched.port);
    const together = await ask(batched.port, INFER);
    const after = await runsOf(batched.port);
    const alone = await ask(single.port, INFER);
    const handler = await ask(empty.port, `/${name}`);
    const batch = (after.rows - before.rows) / (after.runs - before.runs);
    const loop = await bareLoop(encoder.run, Math.round(batch), seconds);
    const allowed = 1 / (1 / loop + 1 / handler);
    // The first finds code that is not yet compiled.
    if (round >= 0) all.push({ alone, together, batch, loop, handler, allowed });
  }
  const of = (value: (round: (typeof all)[number]) => number, digits = 0) =>
    +median(all.map(value)).toFixed(digits);
  return {
    single: of(({ alone }) => alone),
    batched: of(({ together }) => together),
    "× single": of(({ together, alone }) => together / alone, 2),
    "rows a run": of(({ batch }) => batch, 1),
    "bare loop": of(({ loop }) => loop),
    "empty handler": of(({ handler }) => handler),
    "loop and handler": of(({ allowed }) => allowed),
    "× both": of(({ together, allowed }) => together / allowed, 2),
  };
}

/**
 * Requests at twice the rate that the service has just answered, against one client that waits for each answer. It lasts
 * three times as long: when it begins every connection asks at once, which else would be much of the slowest hundredth.
 */
async function measureOverload(name: Name, { port }: Server) {
  const target = { port, request: requestOf(name, INFER), seconds };
  const all: Record<"calm" | "full" | "storm", Outcome>[] = [];
  for (let round = 0; round < rounds; round++) {
    const calm = await closedLoad({ ...target, connections: 1 });
    const full = await closedLoad({ ...target, connections: CONNECTIONS });
    const storm = await openLoad({
      ...target,
      seconds: 3 * seconds,
      rate: 2 * pace(full),
      connections: MANY,
    });
    all.push({ calm, full, storm });
  }
  const of = (value: (round: (typeof all)[number]) => number, digits = 0) =>
    +median(all.map(value)).toFixed(digits);
  return {
    "capacity/s": of(({ full }) => pace(full)),
    "answered/s": of(({ storm }) => pace(storm)),
    "503/s": of(({ storm }) => storm.refused / storm.seconds),
    "not sent/s": of(({ storm }) => storm.unsent / storm.seconds),
    failed: of(({ storm }) => storm.failed),
    "p50, ms": of(({ storm }) => latency(storm, 0.5), 1),
    "p99, ms": of(({ storm }) => latency(storm, 0.99), 1),
    "p99 alone, ms": of(({ calm }) => latency(calm, 0.99), 1),
    "× alone": of(({ calm, storm }) => latency(storm, 0.99) / latency(calm, 0.99), 2),
  };
}

async function measureMemory(rate: number) {
  const request = requestOf("binary", INFER);
  const load = openLoad({ port: batched.port, request, seconds: minutes * 60, rate, connections: MANY });
  const memory = await watchMemory(batched.port, load);
  // Memory is flat, too, where nothing is answered.
  const outcome = await load;
  return { ...memory, "answered/s": Math.round(pace(outcome)), failed: outcome.failed };
}

/** What the service has run so far, by its own statistics. */
async function runsOf(port: number): Promise<{ readonly rows: number; readonly runs: number }> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/models/vae-encoder/stats`);
  const { model_stats } = (await answer.json()) as {
    readonly model_stats: readonly [{ readonly inference_count: number; readonly execution_count: number }];
  };
  const [{ inference_count, execution_count }] = model_stats;
  return { rows: inference_count, runs: execution_count };
}
