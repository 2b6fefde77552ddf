import { afterEach, describe, expect, test, vi } from "vitest";
import { findChromium } from "../support/chromium.ts";
import { findPython } from "../support/python.ts";

afterEach(() => void vi.unstubAllEnvs());

describe("what tests need and is missing", () => {
  test.each([
    ["chromium", findChromium],
    ["onnx", () => findPython("onnx")],
  ])("%s is said, and thrown where ISTHMUS_REQUIRE has it", (name, find) => {
    vi.stubEnv("PATH", "/absent");
    vi.stubEnv("ISTHMUS_CHROMIUM", "/absent/chromium");
    vi.stubEnv("ISTHMUS_PYTHON_ONNX", "/absent/python");
    vi.stubEnv("ISTHMUS_PYTHON", undefined);
    vi.stubEnv("ISTHMUS_REQUIRE", "torch");
    expect(find().missing).toMatch(/^\/absent\//);
    vi.stubEnv("ISTHMUS_REQUIRE", `torch ${name}`);
    expect(find).toThrow(/^\/absent\/.* \(ISTHMUS_REQUIRE has /);
  });
});
