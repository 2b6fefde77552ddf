/** Devices of Node against float64: every operator, every gradient, trainings. */
import { describe } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { cpu, shaders, testPlace } from "../support/devices/suite.ts";
import { runModel, takeSteps, trainEpoch } from "../support/devices/work.ts";

for (const device of ["cpu", "webgpu", "cuda"] as const) {
  const found = await nodeHost.probe(device);
  if (!found.works) console.info(`not tried: ${device} in Node: ${found.reason}`);
  describe.skipIf(!found.works)(device, () => {
    const place = {
      runModel: runModel.bind(null, nodeHost, device),
      takeSteps: takeSteps.bind(null, nodeHost, device),
      trainEpoch: trainEpoch.bind(null, nodeHost, device),
    };
    testPlace(() => place, device === "webgpu" ? shaders : cpu);
  });
}
