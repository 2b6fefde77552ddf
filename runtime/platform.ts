/** Where a training runs: in Node, or in a page. */
import type { Subject } from "./figures/study.ts";
import type { Files } from "./files.ts";
import type { Host } from "./host/host.ts";
import type { RunDirectory } from "./run-directory.ts";

/** What runs its graphs, what keeps its files, and what draws its report, if anything does. */
export interface Platform {
  readonly host: Host;
  readonly files: Files;
  readonly report?: (run: RunDirectory, subject: Subject) => Promise<void>;
}
