/** Node as a training sees it. */
import { nodeHost } from "./host/node.ts";
import { nodeFiles } from "./host/node-files.ts";
import type { Platform } from "./platform.ts";
import { writeReport } from "./report.ts";

export const nodePlatform: Platform = { host: nodeHost, files: nodeFiles, report: writeReport };
