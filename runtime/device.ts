/** Choosing what to run on: a device that was asked for, or the best that works. */
import { fail } from "../src/ir/error.ts";
import type { Device, Host } from "./host/host.ts";

/** `auto` is the first device of the host that works and is no emulation: a GPU where there is one, else the CPU. */
export type DeviceChoice = Device | "auto";

/**
 * The device to use. Throws where the one that was asked for is none of this host, or does not work here, with the
 * reason and what to install: nothing else is taken in its place.
 */
export async function chooseDevice(host: Host, wanted: DeviceChoice): Promise<Device> {
  const last = host.devices.at(-1)!;
  if (wanted === last) return last;
  if (wanted !== "auto") {
    if (!host.devices.includes(wanted))
      fail("device", `there is no ${wanted} here: choose auto, ${host.devices.toReversed().join(", ")}`);
    const found = await host.probe(wanted);
    return found.works ? wanted : fail(wanted, `does not work here: ${found.reason}; ${found.advice}`);
  }
  for (const device of host.devices) {
    if (device === last) break;
    if (!(await host.isEmulated(device)) && (await host.probe(device)).works) return device;
  }
  return last;
}
