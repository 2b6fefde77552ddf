/** Which devices work on a host, and what to do about the others. */
import { availableParallelism } from "node:os";
import type { Device, Host } from "./host/host.ts";

export interface Diagnosis {
  readonly device: Device;
  readonly works: boolean;
  /** What was found: threads, or why it does not work. */
  readonly finding: string;
  /** What to do to make it work; null where it does. */
  readonly advice: string | null;
}

/** Tries every device of a host. */
export async function diagnose(host: Host): Promise<Diagnosis[]> {
  return Promise.all(host.devices.toReversed().map((device) => diagnoseOne(host, device)));
}

async function diagnoseOne(host: Host, device: Device): Promise<Diagnosis> {
  const found = await host.probe(device);
  if (!found.works) return { device, works: false, finding: found.reason, advice: found.advice };
  const finding =
    device === "cpu"
      ? `${availableParallelism()} threads`
      : found.isSoftware
        ? "ran a model, in software: slower than the CPU itself"
        : "ran a model";
  return { device, works: true, finding, advice: null };
}
