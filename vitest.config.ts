/** How the tests run: two files at a time at most, since most of them keep ONNX Runtime's threads busy. */
import { existsSync } from "node:fs";
import { env } from "node:process";
import { defineConfig } from "vitest/config";

/** Debian's Chromium brings a WebGPU that runs on the CPU, for Node as well; on a machine with a GPU, ISTHMUS_GPU=1. */
const emulated = "/usr/lib/chromium/vk_swiftshader_icd.json";
const vulkan = env.ISTHMUS_GPU !== "1" && existsSync(emulated) ? { VK_ICD_FILENAMES: emulated } : {};

/** Where CI reads the counts from. */
const results = env.ISTHMUS_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: vulkan,
    globalSetup: "test/support/devices/list.ts",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
