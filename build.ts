/** Builds `dist`: TypeScript to JavaScript, and the protobuf code bundled, so that users get the version we test. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("npx", ["tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
await build({
  entryPoints: ["src/onnx/proto.ts"],
  outfile: "dist/src/onnx/proto.js",
  allowOverwrite: true,
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  legalComments: "inline",
});
