/** `make presets`: trains every preset by the command and prints what `evaluate` says of each; one by name, `-- conv-ae`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { argv, env, exit } from "node:process";

/** The calls, in the order of the README's table: a run's name, how it is trained, and how it is measured. */
const calls: readonly (readonly [run: string, train: string, evaluate?: string])[] = [
  ["pca", "--preset pca"],
  ["linear-ae", "--preset linear-ae"],
  ["undercomplete-ae", "--preset undercomplete-ae"],
  ["deep-ae", "--preset deep-ae"],
  ["conv-ae", "--preset conv-ae"],
  ["denoising-ae", "--preset denoising-ae"],
  ["sparse-ae", "--preset sparse-ae"],
  ["sparse-ae-free", "--preset sparse-ae --kl-weight 0"],
  ["contractive-ae", "--preset contractive-ae"],
  ["contractive-ae-free", "--preset contractive-ae --kl-weight 0"],
  ["memorizer-one", "--preset memorizer --limit 1 --set codes=ones"],
  ["memorizer", "--preset memorizer"],
  ["memorizer-learned", "--preset memorizer --limit 200 --set codes=learned"],
  ["vae", "--preset vae"],
  ["vae-2d", "--preset vae-2d"],
  ["conv-vae", "--preset conv-vae"],
  ["beta-vae", "--preset beta-vae"],
  ["conditional-vae", "--preset conditional-vae"],
  ["burda-vae", "--preset burda-vae", "--importance-samples 5000"],
  ["iwae", "--preset iwae", "--importance-samples 5000"],
  ["wae-mmd", "--preset wae-mmd"],
  ["vq-vae", "--preset vq-vae"],
  ["text-vae", "--preset text-vae"],
  ["sound-vae", "--preset sound-vae"],
  ["colour-vae", `--preset colour-vae --data ${join(env.ISTHMUS_TEST_DATA ?? "", "cifar10")}`],
];

/** Presets that bring data of their own along. */
const own = ["text-vae", "sound-vae", "colour-vae"];

const wanted = argv.slice(2);
const names = calls.map(([name]) => name);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0)
  throw new Error(`there is no ${unknown.join(" and no ")}: choose from ${names.join(", ")}`);
for (const [name, train, evaluate = ""] of calls) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (name === "colour-vae" && env.ISTHMUS_TEST_DATA === undefined) {
    console.info("left out: colour-vae (ISTHMUS_TEST_DATA, a folder with cifar10/, is not set)");
    continue;
  }
  const out = join("runs", "presets", name);
  const data = own.includes(name) ? "" : "--data mnist";
  // A finished run is only reported anew; one of other settings, as the preset once had them, is refused.
  isthmus(`train ${train} ${data} --out ${out} --resume`);
  isthmus(`evaluate ${out} ${evaluate}`);
}

function isthmus(call: string): void {
  console.info(`isthmus ${call}`);
  const { status } = spawnSync("npm", ["run", "-s", "isthmus", "--", ...call.split(/\s+/).filter(Boolean)], {
    stdio: "inherit",
  });
  if (status !== 0) exit(status ?? 1);
}
