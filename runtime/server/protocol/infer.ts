/** An inference request of the protocol: from the bytes of its body to its answer. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Answer, jsonType } from "../answer.ts";
import type { Aborted } from "../ask.ts";
import { requireClasses } from "../autoencoder/label.ts";
import { refuse } from "../error.ts";
import type { ServedModel } from "../model.ts";
import { type InferRequest, readRequest } from "./request.ts";
import { writeResponse } from "./response.ts";

/** Runs a model on what a request's body asks for; one whose client has gone before its turn does not run. Throws `ServiceError`. */
export async function infer(
  model: ServedModel,
  body: Buffer,
  { headers, socket }: IncomingMessage,
): Promise<Answer> {
  const asked = readCounted(model, body, headers);
  const results = await model.infer(asked.feeds, { signal: new Client(socket), timeout: asked.timeout });
  const { body: answer, headerLength } = writeResponse(model, asked, results);
  return {
    status: 200,
    headers:
      headerLength === undefined
        ? { "content-type": jsonType }
        : {
            "content-type": "application/octet-stream",
            "inference-header-content-length": headerLength,
          },
    body: answer,
  };
}

/** What is asked of a model. What it is not even asked for has failed, too. */
function readCounted(model: ServedModel, body: Buffer, headers: IncomingHttpHeaders): InferRequest {
  const since = performance.now();
  try {
    const asked = readRequest(body, headerLengthOf(headers), model);
    requireClasses(model, asked.feeds);
    return asked;
  } catch (error) {
    model.statistics.failed(performance.now() - since);
    throw error;
  }
}

/** Aborted when the client has gone. */
class Client implements Aborted {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get aborted(): boolean {
    return this.#socket.destroyed;
  }
}

function headerLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers["inference-header-content-length"];
  if (text === undefined) return undefined;
  return typeof text === "string" && /^\d{1,15}$/.test(text)
    ? Number(text)
    : refuse("Inference-Header-Content-Length is no number of bytes");
}
