/** `isthmus doctor` */
import { diagnose } from "../doctor.ts";
import { nodeHost } from "../host/node.ts";
import { print } from "./output.ts";

export async function doctorCommand({ json }: { readonly json?: boolean }): Promise<void> {
  const devices = await diagnose(nodeHost);
  const lines = devices.flatMap((found) =>
    found.works
      ? [`${found.device.padEnd(7)} works: ${found.detail}`]
      : [`${found.device.padEnd(7)} does not work: ${found.reason}`, `        ${found.advice}`],
  );
  print({ node: process.version, devices }, [`node    ${process.version}`, ...lines], json);
}
