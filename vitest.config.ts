/** How the tests run: two files at a time at most, since most of them keep ONNX Runtime's threads busy. */
import { env } from "node:process";
import { defineConfig } from "vitest/config";

/** Where CI reads the counts from. */
const results = env.ISTHMUS_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
