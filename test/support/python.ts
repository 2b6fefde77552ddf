/** Finds and runs a Python with a given package, for tests that compare with implementations in it. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { absent } from "./required.ts";

const packages = {
  torch: "PyTorch (pip install torch numpy)",
  onnx: "the onnx package (pip install onnx, or Debian's python3-onnx)",
  numpy: "NumPy (pip install numpy)",
} as const;

/** What names a Python for each; the others' have NumPy. */
const variables: Readonly<Record<PythonPackage, readonly string[]>> = {
  torch: ["ISTHMUS_PYTHON_TORCH"],
  onnx: ["ISTHMUS_PYTHON_ONNX"],
  numpy: ["ISTHMUS_PYTHON_ONNX", "ISTHMUS_PYTHON_TORCH"],
};

export type PythonPackage = keyof typeof packages;

/** The command of a Python that has the package; or, where there is none, what is missing and how to get it. */
export type Python =
  | { readonly command: string; readonly missing?: undefined }
  | { readonly command?: undefined; readonly missing: string };

/**
 * The first Python that has the package of those named by ISTHMUS_PYTHON_TORCH or ISTHMUS_PYTHON_ONNX (a Python for
 * that package alone) and by ISTHMUS_PYTHON, and `python3`. Throws where there is none and ISTHMUS_REQUIRE has the name.
 */
export function findPython(name: PythonPackage): Python {
  const named = [...variables[name], "ISTHMUS_PYTHON"].flatMap((variable) => process.env[variable] || []);
  const commands = [...new Set([...named, "python3"])];
  const probe = `import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ["numpy", "${name}"])))`;
  const command = commands.find((command) => spawnSync(command, ["-c", probe]).status === 0);
  if (command !== undefined) return { command };
  const variable = variables[name][0];
  return absent(
    name,
    `${commands.join(" and ")} have no ${packages[name]}; ${variable} can name a Python that does`,
  );
}

/** Runs one of the scripts in `python/` and gives what it prints. Throws with Python's own words where it fails. */
export async function runPython(command: string, script: string, args: readonly string[]): Promise<string> {
  const path = fileURLToPath(new URL(`python/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(command, ["-B", path, ...args], { maxBuffer: 1 << 26 });
  return stdout;
}
