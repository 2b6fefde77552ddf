/** Finds and runs a Python with a given package, for tests that compare with implementations in it. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const packages = {
  torch: "PyTorch (pip install torch numpy)",
  onnx: "the onnx package (pip install onnx, or Debian's python3-onnx)",
} as const;

export type PythonPackage = keyof typeof packages;

/** The command of a Python that has the package; or, where there is none, what is missing and how to get it. */
export type Python =
  | { readonly command: string; readonly missing?: undefined }
  | { readonly command?: undefined; readonly missing: string };

/**
 * Looks in ISTHMUS_PYTHON_TORCH or ISTHMUS_PYTHON_ONNX (a Python for that package alone), then ISTHMUS_PYTHON, then
 * `python3`.
 */
export function findPython(name: PythonPackage): Python {
  const variable = `ISTHMUS_PYTHON_${name.toUpperCase()}`;
  const command = process.env[variable] ?? process.env.ISTHMUS_PYTHON ?? "python3";
  const probe = `import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ["numpy", "${name}"])))`;
  if (spawnSync(command, ["-c", probe]).status === 0) return { command };
  return { missing: `${command} has no ${packages[name]}; ${variable} can name a Python that does` };
}

/** Runs one of the scripts in `python/` and gives what it prints. Throws with Python's own words where it fails. */
export async function runPython(command: string, script: string, args: readonly string[]): Promise<string> {
  const path = fileURLToPath(new URL(`python/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(command, ["-B", path, ...args], { maxBuffer: 1 << 26 });
  return stdout;
}
