/**
 * Inference ahead of Fastify. On its way through it an answer takes a fifth more of this thread's time, which is what
 * there is least of; and a refusal takes half as much as an answer, so that a server at twice its capacity would do
 * nothing but refuse.
 */
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { FastifyBaseLogger } from "fastify";
import { type Answer, errorAnswer } from "./answer.ts";
import { CLIENT_GONE } from "./error.ts";
import type { ServedModel } from "./model.ts";
import { infer } from "./protocol/infer.ts";
import { Refusals } from "./refusals.ts";
import { logRequest } from "./request-log.ts";
import type { InferenceService } from "./service.ts";
import { SMALL } from "./uploads.ts";

/** An address whose requests may be many is a model's name between these; one written otherwise is Fastify's. */
const before = "/v2/models/";
const behind = "/infer";

/** Content types that need no look at whether they are any. */
const commonTypes: readonly (string | undefined)[] = [
  undefined,
  "application/octet-stream",
  "application/json",
  "application/json; charset=utf-8",
];

export interface AheadOptions {
  readonly service: Pick<InferenceService, "loaded" | "model">;
  /** Bytes of a body at most. */
  readonly bodyLimit: number;
  /** Whether a request may ask: what others are told says nothing of the models. */
  readonly isAllowed: (headers: IncomingHttpHeaders) => boolean;
  /** Whether the server is ending: then all is handed on, and connections are closed. */
  readonly isClosing: () => boolean;
  /** Told before an answer of so many bytes is sent. */
  readonly onAnswer: (response: ServerResponse, length: number) => void;
  /** The id of a request. */
  readonly idOf: (request: IncomingMessage) => string;
  readonly log: () => FastifyBaseLogger;
}

/**
 * Answers inference requests that need nothing of what Fastify does, refuses those to models that have no room, and
 * hands on all others to `handler`.
 */
export function ahead(handler: RequestListener, options: AheadOptions): RequestListener {
  const { service, bodyLimit, isAllowed, isClosing, log } = options;
  const refusals = new Refusals(isClosing, (refused) =>
    log().warn({ refused }, "too much was asked: requests were refused"),
  );
  const modelOf = ({ method, url = "", headers }: IncomingMessage): ServedModel | undefined => {
    if (method !== "POST" || !url.startsWith(before) || !url.endsWith(behind) || isClosing())
      return undefined;
    // A page could not read an answer without the headers that allow it to; others need none of them.
    if (headers.origin !== undefined || !isAllowed(headers)) return undefined;
    return service.loaded(url.slice(before.length, -behind.length));
  };
  // Of larger ones is counted how much of them is held.
  const most = Math.min(bodyLimit, SMALL);
  const isPlain = ({ headers }: IncomingMessage) => {
    const length = Number(headers["content-length"]);
    const isCommon = commonTypes.includes(headers["content-type"]);
    return isCommon && length > 0 && length <= most && headers["content-encoding"] === undefined;
  };
  return (request, response) => {
    const model = modelOf(request);
    if (model?.shed(refusals.held)) refusals.add(request, response);
    else if (model !== undefined && isPlain(request)) answer(model.name, request, response, options);
    else handler(request, response);
  };
}

/** Answers a request when its body has come, and writes its line when the answer is written. */
function answer(
  model: string,
  request: IncomingMessage,
  response: ServerResponse,
  { service, isClosing, onAnswer, idOf, log }: AheadOptions,
): void {
  const since = performance.now();
  const id = idOf(request);
  const end = (status: number) => {
    const { method = "", url = "" } = request;
    logRequest(log(), { id, method, url }, { status, elapsed: performance.now() - since });
  };
  const send = ({ status, headers, body }: Answer) => {
    // With an object made of others five times as much outlived a collection of what is new (Node 20).
    const length = Buffer.byteLength(body);
    const all = ["content-length", length, "x-request-id", id];
    for (const [name, value] of Object.entries(headers)) all.push(name, value);
    // Or the connection would stay open for more, and the server wait for its end.
    if (isClosing()) all.push("connection", "close");
    onAnswer(response, length);
    // ASCII is the same in both, and quicker to send as Latin-1: a tenth more answers in JSON.
    response.writeHead(status, all).end(body, body.length === length ? "latin1" : "utf8");
    end(request.socket.destroyed ? CLIENT_GONE : status);
  };
  const fail = (error: Error) =>
    send(errorAnswer(error, (err) => log().error({ reqId: id, err }, "a request failed")));
  const chunks: Buffer[] = [];
  const run = async () => {
    const [first] = chunks;
    const body = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
    // Until its body has come a model may be another one, or none.
    return infer(service.model(model), body, request);
  };
  // It is as long as was announced, or does not come to its end: then nobody is there any more to be answered.
  request
    .on("data", (chunk: Buffer) => void chunks.push(chunk))
    .on("end", () => void run().then(send, fail))
    .on("error", () => end(CLIENT_GONE));
}
