/** What commands print: results on standard output, what they are doing on standard error. */
import { stderr, stdout } from "node:process";
import type { Device } from "../host/host.ts";
import type { Placement } from "../host/node-placement.ts";

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

/** What a device leaves to the CPU, in a line. */
export function showPlacement(device: Device, { nodes, elsewhere }: Placement): string {
  if (device === "cpu" || elsewhere.length === 0) return `${device}: runs all ${nodes} nodes itself`;
  const shown = elsewhere.slice(0, 8).map(({ op, name }) => (name === "" ? op : `${op} (${name})`));
  const rest = elsewhere.length > shown.length ? `, and ${elsewhere.length - shown.length} more` : "";
  return `${device}: leaves ${elsewhere.length} of ${nodes} nodes to the cpu, at the cost of copies: ${shown.join(", ")}${rest}`;
}
