import { spawnSync } from "node:child_process";
import { mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { Run } from "../../runtime/run.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { Random } from "../../src/data/random.ts";
import { command, isthmus, start } from "../support/cli.ts";
import { outcome } from "../support/outcome.ts";
import { sharedFolder, tinyArguments, writeTinyFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 300_000 });

const EPOCHS = 80;
const folder = sharedFolder();
const train = (...args: string[]) => ["train", "--data", "tiny", ...tinyArguments, ...args];
const long = train("--epochs", String(EPOCHS));
const shown = (stderr: string) => stderr.trimEnd().split("\n");

/** What a run that nobody disturbed leaves. */
let undisturbed: Awaited<ReturnType<typeof outcome>>;
beforeAll(async () => {
  await writeTinyFolder(join(folder, "tiny"));
  const { code, stderr } = await isthmus([...long, "--out", "undisturbed"], folder);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  undisturbed = await outcome(join(folder, "undisturbed"));
});

describe("a run", () => {
  test("killed again and again at any moment ends as one that was not", async () => {
    const random = new Random(11, "kills");
    const out = join(folder, "killed");
    const args = [...long, "--out", "killed", "--resume"];
    for (let kills = 0; kills < 8; kills++) {
      const { child, ended, saying } = start([...command, ...args], folder);
      // From the moment it begins to write, whatever it is doing after so many milliseconds.
      await saying(/ images\n/);
      await setTimeout(random.uniform(0, 350));
      child.kill("SIGKILL");
      const { code, signal } = await ended;
      if (await RunDirectory.isAt(out, nodeFiles)) {
        await Run.open(out, nodeHost);
        await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
      }
      if (signal !== "SIGKILL") expect(code).toBe(0);
    }
    const { code, stderr } = await isthmus(args, folder);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(await outcome(out)).toEqual(undisturbed);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "stops at %s with a checkpoint, and says how to go on",
    async (signal) => {
      const out = join(folder, signal);
      const first = start([...command, ...long, "--out", signal], folder);
      await first.saying(/epoch 1\//);
      first.child.kill(signal);
      const ended = await first.ended;
      expect({ code: ended.code, signal: ended.signal }).toEqual({ code: null, signal });
      expect(shown(ended.stderr).at(-1)).toBe(`stopped; go on with: isthmus train --resume ${signal}`);
      const { position } = await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
      expect(position.epoch).toBeGreaterThanOrEqual(1);
      expect(position.epoch).toBeLessThan(EPOCHS);

      const rest = await isthmus(["train", "--resume", signal, "--no-report"], folder);
      expect(rest.code).toBe(0);
      expect(await outcome(out)).toEqual(undisturbed);
    },
  );
});

describe("a disk that is full", () => {
  /** One line that says so, after those of a training. */
  function expectRefusal({ code, stderr }: { code: number | null; stderr: string }, fact: string) {
    expect(code).toBe(1);
    const errors = shown(stderr).filter((line) => !/^(vae · |epoch )/.test(line));
    expect(errors).toEqual([expect.stringMatching(new RegExp(`^error: \\S+: ${fact}$`))]);
  }

  test("for files of any size worth having: a run that is there stays as it was", async () => {
    const first = await isthmus(train("--epochs", "1", "--out", "limited"), folder);
    expect(first.code).toBe(0);
    const out = join(folder, "limited");
    const { "run.json": _, ...before } = await outcome(out);
    // Files of at most 16 kB: less than a checkpoint, more than all else that a training writes on the way.
    const limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", ...command];
    const resumed = start(
      [...limited, "train", "--resume", "limited", "--epochs", "3", "--no-report"],
      folder,
    );
    expectRefusal(await resumed.ended, "can't be written: it would be larger than files may be here");
    const { "run.json": __, ...after } = await outcome(out);
    expect(after).toEqual(before);

    const begun = start([...limited, ...train("--out", "never")], folder);
    expectRefusal(await begun.ended, "can't be written: it would be larger than files may be here");
    expect((await readdir(folder)).filter((name) => name.includes("never"))).toEqual([]);
  });

  test("for real: a run that is there stays as it was, and ends as one that was not once there is room", async ({
    skip,
  }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "isthmus-test", disk], {
      encoding: "utf8",
    });
    if (mounted.status !== 0) {
      await rm(disk, { recursive: true });
      skip(`a small disk can't be mounted here: ${mounted.error?.message ?? mounted.stderr.trim()}`);
    }
    onTestFinished(() => void spawnSync("umount", [disk]));
    const out = join(disk, "run");
    const first = start([...command, ...long, "--out", out], folder);
    await first.saying(/epoch 1\//);
    first.child.kill("SIGINT");
    await first.ended;
    const before = await outcome(out);
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, "ballast"), new Uint8Array(bavail * bsize - 40_960));

    expectRefusal(
      await isthmus(["train", "--resume", out, "--no-report"], folder),
      "can't be written: the disk is full",
    );
    expect(await outcome(out)).toEqual(before);
    await rm(join(disk, "ballast"));
    const rest = await isthmus(["train", "--resume", out, "--no-report"], folder);
    expect(rest.code).toBe(0);
    expect(await outcome(out)).toEqual(undisturbed);
  });
});
