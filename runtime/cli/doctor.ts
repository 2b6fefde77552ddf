/** `isthmus doctor` */
import { diagnose } from "../doctor.ts";
import { nodeHost } from "../host/node.ts";
import { print } from "./output.ts";

export async function doctorCommand({ json }: { readonly json?: boolean }): Promise<void> {
  const devices = await diagnose(nodeHost);
  const lines = devices.flatMap(({ device, works, finding, advice }) => [
    `${device.padEnd(7)} ${works ? "works" : "does not work"}: ${finding}`,
    ...(advice === null ? [] : [`        ${advice}`]),
  ]);
  print({ node: process.version, devices }, [`node    ${process.version}`, ...lines], json);
}
