/** What clients are told of a run that failed. */
import { ServiceError, unavailable } from "./error.ts";

/** A worker ended before it answered, through no fault that it could report. */
export class WorkerLost extends Error {}

/** The answer to a request whose run failed with this. */
export function asFailure(error: unknown): ServiceError {
  if (error instanceof WorkerLost)
    return unavailable("the worker was lost while it ran the model: try again");
  if (error instanceof ServiceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // Shapes and dtypes fit, so that it is the values which a node can't do with: an index, or sizes to reshape to.
  const isRefused = /Non-zero status code returned while running/.test(message) && !/alloc/i.test(message);
  return new ServiceError(isRefused ? 400 : 500, message);
}
