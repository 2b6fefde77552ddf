/** What a client is sent, whoever sends it. */
import { ServiceError } from "./error.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | string;
}

export const jsonType = "application/json; charset=utf-8";

/**
 * What a client is told of an error, as the protocol has it.
 * @param log is told what the client is not at fault for; of what it is not to know, the client is told nothing
 */
export function errorAnswer(
  error: Error & { readonly statusCode?: number | undefined },
  log: (error: Error) => void,
): Answer {
  const statusCode = error.statusCode ?? 500;
  const isRefusal = error instanceof ServiceError;
  // Of a refusal with 500 nobody but the model is at fault, and whoever runs it has to know.
  if (isRefusal ? statusCode === 500 : statusCode >= 500) log(error);
  const isTold = isRefusal || statusCode < 500;
  const headers: Record<string, string | number> = { "content-type": jsonType };
  if (isRefusal && error.retryAfter !== undefined) headers["retry-after"] = error.retryAfter;
  return {
    status: isTold ? statusCode : 500,
    headers,
    body: JSON.stringify({ error: isTold ? error.message : "something went wrong on the server" }),
  };
}
