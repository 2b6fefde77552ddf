/** Which devices work on a host, and what to do about the others. */
import type { Device, Finding, Host } from "./host/host.ts";

/** A device, and what trying it gave: what was found, or why it does not work and what to do about that. */
export type Diagnosis = Finding & { readonly device: Device };

/** Tries every device of a host, the one that always works first. */
export async function diagnose(host: Host): Promise<Diagnosis[]> {
  return Promise.all(
    host.devices.toReversed().map(async (device) => ({ device, ...(await host.probe(device)) })),
  );
}
