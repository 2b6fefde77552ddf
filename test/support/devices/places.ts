/** Every device of the matrix: those of Node in this process, those of a browser in a page. */
import { nodeHost } from "../../../runtime/host/node.ts";
import { findChromium, type ModulePage, openPage } from "../chromium.ts";
import { absent } from "../required.ts";
import { type Candidate, cpu, shaders, webShaders } from "./suite.ts";
import { runModel, takeSteps, trainEpoch } from "./work.ts";

/** The devices of Node. Throws where ISTHMUS_REQUIRE has one that does not work. */
export async function nodePlaces(): Promise<Candidate[]> {
  return Promise.all(
    (["cpu", "webgpu", "cuda"] as const).map(async (device) => {
      const found = await nodeHost.probe(device);
      return {
        title: `${device} in Node`,
        missing: found.works ? undefined : absent(device, found.reason).missing,
        demand: device === "webgpu" ? shaders : cpu,
        open: async () => ({
          runModel: (...rest) => runModel(nodeHost, device, ...rest),
          takeSteps: (job) => takeSteps(nodeHost, device, job),
          trainEpoch: (...rest) => trainEpoch(nodeHost, device, ...rest),
          close: async () => {},
        }),
      } satisfies Candidate;
    }),
  );
}

type Page = ModulePage<typeof import("../../browser/page/devices.ts")>;

/** The devices of Chromium. */
export function chromiumPlaces(): Candidate[] {
  return (["wasm", "webgpu"] as const).map((device) => ({
    title: `${device} in Chromium`,
    missing: findChromium().missing,
    demand: device === "webgpu" ? webShaders : cpu,
    open: async () => {
      const page: Page = await openPage(new URL("../../browser/page/devices.ts", import.meta.url), {
        isolated: true,
      });
      return {
        runModel: (...rest) => page.call("runModel", device, ...rest),
        takeSteps: (job) => page.call("takeSteps", device, job),
        trainEpoch: (...rest) => page.call("trainEpoch", device, ...rest),
        close: page.close,
      };
    },
  }));
}
