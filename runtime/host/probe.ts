/** Tries the device that the first argument names, and reports over the process's channel. */
import { argv } from "node:process";
import type { Device } from "./host.ts";
import { nodeHost } from "./node.ts";
import { tryOut } from "./trial.ts";

process.send?.({ error: await tryOut(nodeHost.open, argv[2] as Device) });
process.disconnect?.();
