/** The README's example of a new family, put where it says, in a copy of the checkout: the command trains it. */
import { execFile } from "node:child_process";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { sharedFolder, writeTinyFolder } from "../support/tiny.ts";

const folder = sharedFolder();
const root = resolve(import.meta.dirname, "../..");

/** The text with one part of it replaced, which must be there. */
function replaced(text: string, part: string, by: string): string {
  expect(text).toContain(part);
  return text.replace(part, () => by);
}

test("a family of at most forty lines and a preset of one", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const section = readme.slice(
    readme.indexOf("## A family of your own"),
    readme.indexOf("## What a run holds"),
  );
  const code = /```ts\n(.*?)```/s.exec(section)?.[1] ?? "";
  const preset = /`("k-sparse-ae": preset\(.*?\),)`/.exec(section)?.[1] ?? "";
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  expect(preset).not.toBe("");

  for (const part of ["src", "graphs", "runtime", "package.json", "tsconfig.json"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "graphs/models/k-sparse.ts"), code);
  const families = await readFile(join(folder, "graphs/families.ts"), "utf8");
  const joined = replaced(
    families,
    "export const families = { vae,",
    'export const families = { vae, "k-sparse": kSparse,',
  );
  await writeFile(
    join(folder, "graphs/families.ts"),
    `import { kSparse } from "./models/k-sparse.ts";\n${joined}`,
  );
  const presets = await readFile(join(folder, "graphs/presets.ts"), "utf8");
  await writeFile(
    join(folder, "graphs/presets.ts"),
    replaced(presets, "export const presets = {", `export const presets = {\n  ${preset}`),
  );

  const run = promisify(execFile);
  await run("npx", ["tsc", "--noEmit", "-p", "tsconfig.json"], { cwd: folder });
  await writeTinyFolder(join(folder, "data"));
  const call = [
    "tsx",
    "runtime/cli/main.ts",
    "train",
    "--preset",
    "k-sparse-ae",
    "--data",
    "data",
    "--epochs",
    "1",
  ];
  const { stderr } = await run("npx", [...call, "--batch", "32", "--no-report", "--out", "run"], {
    cwd: folder,
  });
  expect(stderr).toContain("k-sparse · 784-25 of 256");
}, 120_000);
