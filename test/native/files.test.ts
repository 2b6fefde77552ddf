import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv, writeCsv } from "../../runtime/csv.ts";
import { removeLeftovers, temporaryName, writeWhole } from "../../runtime/host/file.ts";
import { readNpy, writeNpy } from "../../runtime/npy.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { sizeOf, tensor } from "../../src/ir/tensor.ts";
import { temporaryFolder } from "../support/idx.ts";
import { findPython } from "../support/python.ts";

const { command, missing } = findPython("numpy");
if (missing) console.info(`skipped: NumPy reads .npy files: ${missing}`);

// What is drawn is the same each time; change the seed to look for more.
fc.configureGlobal({ seed: 1 });

const matrix = tensor("float32", [2, 3], Float32Array.of(1, -2.5, 0, 1e-30, 3e38, 0.1));
const floats = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) =>
    fc
      .array(fc.float({ noNaN: true }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
      .map((values) => tensor("float32", shape, Float32Array.from(values))),
  );

/** The message of the one line that `read` throws; anything else fails the test. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(IsthmusError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }
  return "read";
}

describe(".npy", () => {
  test("is, byte for byte, what the format's description says", () => {
    const bytes = writeNpy(matrix);
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    expect([...bytes.subarray(0, 10)]).toEqual([0x93, ...Buffer.from("NUMPY"), 1, 0, 118, 0]);
    expect(Buffer.from(bytes.subarray(10, 128)).toString("latin1")).toBe(`${header.padEnd(117)}\n`);
    expect([...new Float32Array(bytes.slice(128).buffer)]).toEqual([...matrix.data]);
  });

  test("comes back the same, whatever the shape", () => {
    fc.assert(
      fc.property(floats, (value) => {
        const bytes = writeNpy(value);
        expect((bytes.length - value.data.byteLength) % 64).toBe(0);
        expect(readNpy(bytes, "f")).toEqual(value);
      }),
    );
  });

  test("of float64 is read as float32", () => {
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    const bytes = Buffer.concat([
      Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]),
      Buffer.from(header),
      Buffer.from(Float64Array.of(0.1, -7).buffer),
    ]);
    expect(readNpy(bytes, "f")).toEqual(tensor("float32", [2], Float32Array.of(0.1, -7)));
  });

  test.each([
    ["nothing", new Uint8Array(0), "is not a .npy file"],
    ["text", Buffer.from("latent_0,latent_1\n1,2\n"), "is not a .npy file"],
    ["the magic number alone", writeNpy(matrix).subarray(0, 8), "is not a .npy file"],
    ["part of a header", writeNpy(matrix).subarray(0, 40), "is damaged: its header has no shape"],
    ["part of the numbers", writeNpy(matrix).subarray(0, 150), "is damaged: [2,3] needs 24 bytes, it has 22"],
    ["int64", edited("<f4", "<i8"), "holds <i8; float32 was expected"],
    ["big-endian floats", edited("<f4", ">f4"), "holds >f4; float32 was expected"],
    ["columns first", edited("False", "True "), "is in Fortran order; save it with numpy.ascontiguousarray"],
  ])("refuses %s", (_, bytes, message) => {
    expect(refusal(() => readNpy(bytes, "codes.npy"))).toBe(`codes.npy: ${message}`);
  });

  test("damaged anywhere, is read or refused in one line", () => {
    const whole = writeNpy(matrix);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        refusal(() => readNpy(whole.with(at, byte).subarray(0, length), "f"));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refusal(() => readNpy(bytes, "f"))),
    );
  });

  test.skipIf(missing !== undefined)("is read by NumPy, and what NumPy writes is read", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "ours.npy"), writeNpy(matrix));
    const script = `import numpy, sys
ours = numpy.load(sys.argv[1] + "/ours.npy")
print(ours.dtype, ours.shape, ours.tobytes().hex())
numpy.save(sys.argv[1] + "/theirs.npy", ours[:, ::-1].copy())
numpy.save(sys.argv[1] + "/double.npy", ours.astype("f8"))`;
    const { stdout } = spawnSync(command!, ["-c", script, folder], { encoding: "utf8" });
    expect(stdout.trim()).toBe(`float32 (2, 3) ${Buffer.from(matrix.data.buffer).toString("hex")}`);
    const read = async (name: string) => readNpy(await readFile(join(folder, name)), name);
    expect([...(await read("theirs.npy")).data]).toEqual([2, 1, 0, 5, 4, 3].map((i) => matrix.data[i]));
    expect(await read("double.npy")).toEqual(matrix);
  });
});

function edited(from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(writeNpy(matrix)).toString("latin1").replace(from, to), "latin1");
}

describe("CSV", () => {
  test("has a header, a line a row and the labels last", () => {
    const two = tensor("float32", [2, 2], Float32Array.of(1, -0.5, 0.1, 1e-7));
    const text = writeCsv(["latent_0", "latent_1"], two, ["cat", 'a "big", dog']);
    expect(text).toBe(
      `latent_0,latent_1,label\n1,-0.5,cat\n${Math.fround(0.1)},${Math.fround(1e-7)},"a ""big"", dog"\n`,
    );
    expect(writeCsv(["latent_0", "latent_1"], two, null).split("\n")[0]).toBe("latent_0,latent_1");
  });

  test("comes back the same, with labels of any kind and without", () => {
    const label = fc.string({ maxLength: 6 }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), label), { minLength: 1 }),
        (rows) => {
          const value = tensor(
            "float32",
            [rows.length, 1],
            Float32Array.from(rows, ([number]) => number || 0),
          );
          const labels = rows.map(([, text]) => text);
          expect(readCsv(writeCsv(["latent_0"], value, labels), "f")).toEqual(value);
          expect(readCsv(writeCsv(["latent_0"], value, null), "f")).toEqual(value);
        },
      ),
    );
  });

  test.each([
    ["a header", "a,b\n1,2\n3,4\n"],
    ["no header", "1,2\n3,4"],
    ["Windows' line ends", "a,b\r\n1,2\r\n3,4\r\n"],
    ["empty lines and spaces", "\na , b\n\n 1, 2\n3 ,4\n\n"],
    ["labels first", "label,a,b\nx,1,2\ny,3,4\n"],
    ["labels with commas", 'a,label,b\n1,"x, y",2\n3,z,4\n'],
  ])("is read with %s", (_, text) => {
    expect(readCsv(text, "f")).toEqual(tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)));
  });

  test.each([
    ["a word", "a,b\n1,2\n3,x\n", "line 3 is not 2 numbers"],
    ["an empty cell", "1,2\n3,\n", "line 2 is not 2 numbers"],
    ["too few cells", "a,b\n1\n", "line 2 is not 2 numbers"],
    ["too many cells", "a,b\n1,2,3\n", "line 2 is not 2 numbers"],
    ["an infinite number", "a\n1\nInfinity\n", "line 3 is not 1 numbers"],
  ])("with %s is refused, and the line is named", (_, text, message) => {
    expect(refusal(() => readCsv(text, "codes.csv"))).toBe(`codes.csv: ${message}`);
  });
});

describe("writeWhole", () => {
  test("makes the folders on the way, replaces what is there, and leaves nothing beside it", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a", "b", "file");
    await writeWhole(path, "one");
    await writeWhole(path, Uint8Array.of(0x32));
    expect(await readFile(path, "utf8")).toBe("2");
    expect(await readdir(join(folder, "a", "b"))).toEqual(["file"]);
  });

  test("says in one line what stands in the way", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "kept");
    for (const path of [join(folder, "file", "x"), join(folder, "file", "x", "y")]) {
      await expect(writeWhole(path, "new")).rejects.toMatchObject({
        name: "IsthmusError",
        message: `${path}: can't be written: part of its path is a file`,
      });
    }
    await expect(writeWhole(folder, "new")).rejects.toThrow(`${folder}: can't be written (EISDIR)`);
    expect(await readdir(folder)).toEqual(["file"]);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("kept");
  });

  test("what killed processes left behind goes, what a living one is writing stays", async () => {
    const folder = await temporaryFolder();
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    const living = process.ppid;
    const names = [`a.${gone}.tmp`, `b.${gone}.tmp`, `a.${living}.tmp`, "a.tmp", "c.1.2.tmp.png", "run.json"];
    for (const name of names) await writeFile(join(folder, name), "");
    await writeFile(temporaryName(join(folder, "a")), "");
    await removeLeftovers(folder, "a.");
    expect((await readdir(folder)).sort()).toEqual(names.slice(1).sort());
    await removeLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(names.slice(2).sort());
    await removeLeftovers(join(folder, "absent"));
  });
});
