/** What commands print: results on standard output, what they are doing on standard error. */
import { stderr, stdout } from "node:process";
import type { Facts } from "../../graphs/model.ts";
import type { Device } from "../host/host.ts";
import type { Placement } from "../host/node-placement.ts";
import type { Losses } from "../losses.ts";

/** One result: a JSON object for machines, or lines for people. */
export function print(result: unknown, lines: readonly string[], json: boolean | undefined): void {
  stdout.write(json ? `${JSON.stringify(result)}\n` : `${lines.join("\n")}\n`);
}

/** A line that says what goes on. */
export function say(line: string): void {
  stderr.write(`${line}\n`);
}

/** `1.3 MB` */
export function showBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `49,800` */
export function showCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `105.4 nats (reconstruction 80.3, KL divergence 25.1)`; the loss alone where it has no other term. */
export function showLosses({ loss, reconstruction, kl }: Losses, facts: Facts, digits: number): string {
  const { unit, penalty } = facts;
  const whole = `${loss.toFixed(digits)} ${unit}`;
  if (penalty === null) return whole;
  return `${whole} (reconstruction ${reconstruction.toFixed(digits)}, ${penalty} ${kl.toFixed(digits)})`;
}

/** What a device leaves to the CPU, in a line. */
export function showPlacement(device: Device, { nodes, elsewhere }: Placement): string {
  if (device === "cpu" || elsewhere.length === 0) return `${device}: runs all ${nodes} nodes itself`;
  const shown = elsewhere.slice(0, 8).map(({ op, name }) => (name === "" ? op : `${op} (${name})`));
  const rest = elsewhere.length > shown.length ? `, and ${elsewhere.length - shown.length} more` : "";
  return `${device}: leaves ${elsewhere.length} of ${nodes} nodes to the cpu, at the cost of copies: ${shown.join(", ")}${rest}`;
}
