import { createHash } from "node:crypto";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fetchOnce } from "../../runtime/data/download.ts";
import { loadMnist } from "../../runtime/data/mnist.ts";
import { counting, temporaryFolder } from "../support/idx.ts";

/** A server on this machine: its address, and the paths it was asked for. A path that it has no body for hangs. */
async function serve(bodies: Record<string, Uint8Array | number>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url!;
    asked.push(path);
    const body = bodies[path];
    if (typeof body === "number") response.writeHead(body).end();
    else if (body !== undefined) response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const one = counting(1000);
const two = counting(5);
const digests = { one: sha256(one), two: sha256(two) };
const whole = { "/whole/one.gz": gzipSync(one), "/whole/two.gz": gzipSync(two) };

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("fetchOnce", () => {
  test("downloads each file once, and again where it is damaged", async () => {
    const folder = join(await temporaryFolder(), "made", "on", "the", "way");
    const { address, asked } = await serve(whole);
    const mirrors = [`${address}/whole/`];
    const progress: [number, number][] = [];
    await fetchOnce(folder, digests, { mirrors, onProgress: (done, total) => progress.push([done, total]) });
    expect(asked).toEqual(["/whole/one.gz", "/whole/two.gz"]);
    expect(progress).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect((await readdir(folder)).sort()).toEqual(["one", "two"]);
    expect(new Uint8Array(await readFile(join(folder, "one")))).toEqual(one);

    await fetchOnce(folder, digests, { mirrors });
    expect(asked.length).toBe(2);

    await writeFile(join(folder, "one"), one.subarray(0, 500));
    await fetchOnce(folder, digests, { mirrors });
    expect(asked.slice(2)).toEqual(["/whole/one.gz"]);
    expect(new Uint8Array(await readFile(join(folder, "one")))).toEqual(one);
  });

  test("goes on to the next mirror from one that is absent, broken, false or silent", async () => {
    const folder = await temporaryFolder();
    const { address, asked } = await serve({
      ...whole,
      "/absent/one.gz": 404,
      "/broken/one.gz": gzipSync(one).subarray(0, 50),
      "/page/one.gz": Buffer.from("<html>Sign in to this network</html>"),
      "/false/one.gz": gzipSync(two),
    });
    const names = ["absent", "broken", "page", "false", "silent", "whole"];
    const mirrors = ["http://127.0.0.1:1/", ...names.map((name) => `${address}/${name}/`)];
    await fetchOnce(folder, { one: digests.one }, { mirrors, timeout: 200 });
    expect(asked).toEqual(names.map((name) => `/${name}/one.gz`));
    expect(new Uint8Array(await readFile(join(folder, "one")))).toEqual(one);
  });

  test("says in one line what was wrong with each mirror, and leaves nothing behind", async () => {
    const folder = await temporaryFolder();
    const { address } = await serve({ "/absent/one.gz": 404, "/false/one.gz": gzipSync(two) });
    const mirrors = [`${address}/absent/`, `${address}/false/`, `${address}/silent/`];
    await expect(fetchOnce(folder, digests, { mirrors, timeout: 200 })).rejects.toMatchObject({
      name: "IsthmusError",
      message: `one: no mirror has it (${[
        `${address}/absent/one.gz: HTTP status 404`,
        `${address}/false/one.gz: has another SHA-256`,
        `${address}/silent/one.gz: The operation was aborted due to timeout`,
      ].join("; ")})`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("is called twice at once, and what a killed process was writing is removed", async () => {
    const folder = await temporaryFolder();
    // No process has the number: it is larger than any may be.
    await writeFile(join(folder, "one.0.99999999.tmp"), "cut sh");
    const longAgo = Date.now() / 1000 - 3600;
    await utimes(join(folder, "one.0.99999999.tmp"), longAgo, longAgo);
    const underway = `two.0.${process.pid}.tmp`;
    await writeFile(join(folder, underway), "so f");
    const { address } = await serve(whole);
    const options = { mirrors: [`${address}/whole/`] };
    await Promise.all([fetchOnce(folder, digests, options), fetchOnce(folder, digests, options)]);
    expect((await readdir(folder)).sort()).toEqual(["one", "two", underway]);
    expect(new Uint8Array(await readFile(join(folder, "one")))).toEqual(one);
  });

  test("refuses a folder that can't be made", async () => {
    const folder = await temporaryFolder();
    const { address } = await serve(whole);
    await writeFile(join(folder, "file"), "");
    const path = join(folder, "file", "one");
    await expect(
      fetchOnce(join(folder, "file"), digests, { mirrors: [`${address}/whole/`] }),
    ).rejects.toThrow(`${path}: can't be written: part of its path is a file`);
  });

  test("stops when it is aborted, and asks no other mirror", async () => {
    const { address, asked } = await serve({});
    const mirrors = [`${address}/silent/`, `${address}/other/`];
    const signal = AbortSignal.timeout(100);
    const fetching = fetchOnce(await temporaryFolder(), digests, { mirrors, signal });
    await expect(fetching).rejects.toMatchObject({ name: "TimeoutError" });
    expect(asked).toEqual(["/silent/one.gz"]);
  });
});

test("loadMnist says what to do where it can't be downloaded", async () => {
  vi.stubEnv("ISTHMUS_MNIST", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { address } = await serve({ "/train-images-idx3-ubyte.gz": 500 });
  await expect(loadMnist({ cache: await temporaryFolder(), mirrors: [`${address}/`] })).rejects.toMatchObject(
    {
      name: "IsthmusError",
      message:
        "mnist: could not be downloaded: give the folder of MNIST's four files as --data or in ISTHMUS_MNIST, " +
        "or use --data digits; train-images-idx3-ubyte: no mirror has it " +
        `(${address}/train-images-idx3-ubyte.gz: HTTP status 500)`,
    },
  );
});
