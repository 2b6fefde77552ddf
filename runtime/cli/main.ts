#!/usr/bin/env node
/** The command `isthmus`: reads the call; what each command does is loaded when it is asked for. */
import { argv, exit, stderr, stdout } from "node:process";
import { Command, CommanderError, Option } from "commander";
import { losses } from "../../graphs/models/losses.ts";
import { version } from "../../src/version.ts";
import { channels, data, device, json, label, made, out, resize, runsOn, seed, threads } from "./options.ts";
import { say } from "./output.ts";
import { withServiceOptions } from "./service-options.ts";
import { assignments, atLeast, integer, integers, number, UsageError, variance } from "./usage.ts";

/** Nobody else waits for the presets to be loaded with all that they are made of. */
const asksForPresets = argv.includes("train") && argv.some((word) => ["help", "--help", "-h"].includes(word));
const presetNames = asksForPresets
  ? `: ${Object.keys((await import("../../graphs/presets.ts")).presets).join(", ")}`
  : "";

const program = new Command("isthmus")
  .description("Train autoencoders in TypeScript, ship them as ONNX.")
  .version(version)
  .option("--debug", "print where in Isthmus an error came from")
  .exitOverride()
  .configureOutput({ writeErr: () => {} })
  .showSuggestionAfterError();

program
  .command("train")
  .summary("train a model and export it")
  .description("Train a model; write its checkpoint, ONNX models, pictures and report to a run directory.")
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .option("--validation <n>", "validation images: a share below 1, or how many", number)
  .option("--limit <n>", "train on the first n images only", integer)
  .option("--preset <name>", `a named configuration${presetNames}`)
  .option("--latent <n>", "latent dimensions", integer)
  .option("--hidden <widths>", "hidden layers, such as 512,256", integers)
  .option("--activation <name>", "relu, leaky_relu, elu, gelu, silu, sigmoid, tanh, softplus or linear")
  .option("--likelihood <kind>", "bernoulli or gaussian")
  .option("--variance <v>", "of gaussian pixels: a number, or learned", variance)
  .option("--initialiser <name>", "pytorch, glorot or he")
  .option("--model <file>", "train the encoder in an .onnx file from elsewhere, or a whole autoencoder")
  .option("--decoder <file>", "the decoder that belongs to it")
  .addOption(
    new Option(
      "--loss <kind>",
      "what it is trained on (default: elbo with a mean and log-variance, else mse)",
    ).choices(losses),
  )
  .option("--mean <tensor>", "which of its tensors is the mean of the code")
  .option("--log-variance <tensor>", "which is the logarithm of the code's variance")
  .option("--code <tensor>", "which is the code, where a whole autoencoder is cut in two")
  .option("--reconstruction <tensor>", "which are the images that it makes")
  .option("--epochs <n>", "passes over the training images", integer)
  .option("--batch <n>", "images a step", integer)
  .option("--learning-rate <r>", "step size of the optimizer", number)
  .option("--learning-rate-schedule <kind>", "decay (over the last tenth), constant, cosine or burda")
  .option("--optimizer <name>", "adam, adamw or sgd")
  .option("--weight-decay <w>", "of adamw and sgd", number)
  .option("--momentum <m>", "of sgd", number)
  .option("--clip-norm <n>", "largest global norm of the gradients", number)
  .option("--kl-weight <b>", "weight of the KL term", number)
  .option("--kl-warmup <epochs>", "epochs over which the KL weight rises from 0", number)
  .option(
    "--set <setting=value>",
    "any other setting of the model, such as filters=[32,64], or of the training.…; again for more",
    assignments,
  )
  .option("--patience <n>", "stop after n epochs without a better validation loss", integer)
  .addOption(seed())
  .addOption(device("what trains: auto, the default, takes the best that works; --resume stays where it was"))
  .addOption(threads())
  .addOption(out("run directory (default: runs/<data>-<preset>)"))
  .addOption(
    new Option(
      "--engine <name>",
      "what takes the steps: our graphs, or ONNX Runtime's TrainingSession",
    ).choices(["graph", "training-session"]),
  )
  .option("--resume [run]", "go on with the run; after --out, begin it if it is not there")
  .option("--config <file>", "settings as JSON, or another run's run.json; options go before it")
  .option("--no-report", "leave out the pictures and report.html")
  .addOption(json())
  .action(async (options) => (await import("./train.ts")).trainCommand(options));

program
  .command("evaluate")
  .summary("measure a run's loss, or log-likelihood")
  .description(
    "Print the loss of a run per image, the terms that it is made of, and how much of its code is used.",
  )
  .argument("<run>", "run directory")
  .option(
    "--importance-samples <k>",
    "estimate log p(x) too, with k draws an image (Burda et al. take 5000)",
    atLeast(1),
  )
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .addOption(
    new Option("--split <name>", "which images").choices(["train", "validation", "test"]).default("test"),
  )
  .addOption(runsOn())
  .addOption(threads())
  .addOption(json())
  .action(async (run, options) => (await import("./evaluate.ts")).evaluateCommand(run, options));

program
  .command("sample")
  .summary("make up images from the prior")
  .argument("<run>", "run directory or decoder.onnx")
  .option("--count <n>", "how many", atLeast(1, 100_000), 100)
  .addOption(seed().default(1))
  .addOption(label("of a conditional model: this class alone"))
  .addOption(out(`${made}, or pixels (.npy)`, "samples.png"))
  .addOption(runsOn())
  .addOption(threads())
  .action(async (run, options) => (await import("./draw.ts")).sampleCommand(run, options));

program
  .command("reconstruct")
  .summary("show images beside what the model makes of them")
  .argument("<run>", "run directory")
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .option("--count <n>", "how many", atLeast(1), 40)
  .addOption(out(made, "reconstructions.png"))
  .addOption(runsOn())
  .addOption(threads())
  .action(async (run, options) => (await import("./draw.ts")).reconstructCommand(run, options));

program
  .command("interpolate")
  .summary("walk between the codes of images")
  .argument("<run>", "run directory")
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .option("--rows <n>", "pairs of images", atLeast(1), 8)
  .option("--steps <n>", "images a row", atLeast(2), 12)
  .addOption(seed().default(1))
  .addOption(out(made, "interpolations.png"))
  .addOption(runsOn())
  .addOption(threads())
  .action(async (run, options) => (await import("./draw.ts")).interpolateCommand(run, options));

program
  .command("encode")
  .summary("turn images into codes")
  .argument("<run>", "run directory or encoder.onnx")
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .addOption(
    new Option("--split <name>", "which images (default: all of --data, else test)").choices([
      "train",
      "validation",
      "test",
      "all",
    ]),
  )
  .addOption(out("codes (.npy or .csv)", "codes.npy"))
  .addOption(runsOn())
  .addOption(threads())
  .action(async (run, options) => (await import("./code.ts")).encodeCommand(run, options));

program
  .command("decode")
  .summary("turn codes into images")
  .argument("<run>", "run directory or decoder.onnx")
  .argument("<codes>", "codes (.npy or .csv)")
  .addOption(label("of a conditional model: the class of all that is decoded"))
  .addOption(out(`${made}, or pixels (.npy)`, "decoded.png"))
  .addOption(runsOn())
  .addOption(threads())
  .action(async (run, codes, options) => (await import("./code.ts")).decodeCommand(run, codes, options));

program
  .command("export")
  .summary("write a run's ONNX models")
  .argument("<run>", "run directory")
  .addOption(
    new Option("--format <name>", "onnx, or what ONNX Runtime's on-device training is opened with")
      .choices(["onnx", "ort-training"])
      .default("onnx"),
  )
  .addOption(
    new Option(
      "--precision <kind>",
      "an encoder and a decoder of fewer bytes, and what they lose on the test images: fp16 or int8",
    ).choices(["fp16", "int8"]),
  )
  .option(
    "--calibration <n>",
    "training images that fix the ranges of int8's activations; without them each batch decides",
    atLeast(1),
  )
  .addOption(data())
  .addOption(resize())
  .addOption(channels())
  .addOption(threads())
  .addOption(out("folder (default: the run directory, or ort-training in it)"))
  .addOption(json())
  .action(async (run, options) => (await import("./export.ts")).exportCommand(run, options));

withServiceOptions(
  program
    .command("serve")
    .summary("serve encoders and decoders over HTTP")
    .description(
      "Serve models over HTTP: /encode, /decode, /reconstruct, /sample, /interpolate and /anomaly, and the Open Inference Protocol v2. A run <run> is served as <run>-encoder, <run>-decoder and <run>-evaluation, a file under its name without .onnx. /docs is a page to try it.",
    )
    .argument(
      "<model...>",
      "runs, .onnx files and folders of them; NAME=PATH gives a run or a file another name",
    ),
).action(async (models, options) => (await import("./serve.ts")).serveCommand(models, options));

program
  .command("import-checkpoint")
  .summary("make a run of what ONNX Runtime's on-device training saved")
  .argument("<run>", "the run that was exported")
  .argument("<checkpoint>", "the file that came back")
  .addOption(out("new run directory (default: <run>-imported)"))
  .addOption(json())
  .action(async (run, checkpoint, options) =>
    (await import("./import-checkpoint.ts")).importCheckpointCommand(run, checkpoint, options),
  );

program
  .command("inspect")
  .summary("print a model's graph, parameters, operators and cost")
  .argument("<file>", "an .onnx file")
  .addOption(device("say which nodes that device leaves to the CPU"))
  .addOption(json())
  .action(async (file, options) => (await import("./inspect.ts")).inspectCommand(file, options));

program
  .command("doctor")
  .summary("say which devices work here")
  .addOption(json())
  .action(async (options) => (await import("./doctor.ts")).doctorCommand(options));

// Nobody reads any more (`| head`), or the output is a file on a full disk.
stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") say(`error: standard output: ${message}`);
  exit(1);
});
stderr.on("error", () => exit(1));

try {
  await program.parseAsync(argv);
} catch (error) {
  exit(report(error));
}

/** Prints one line for what went wrong, and gives the exit code: 1, the work failed; 2, the call was wrong. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const isHelp = error.code === "commander.help";
    say(isHelp ? "error: which command? isthmus --help lists them" : oneLine(error.message));
    return 2;
  }
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  say(`error: ${program.opts().debug ? stack : oneLine(message)}`);
  return error instanceof UsageError ? 2 : 1;
}

function oneLine(message: string): string {
  return message.trim().replace(/\s*\n\s*/g, " ");
}
