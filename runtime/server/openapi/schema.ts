/** Schemas as the OpenAPI document has them, and as Fastify takes them: what they check is checked elsewhere. */
import type { FastifySchema } from "fastify";
import { z } from "zod";

/** A JSON Schema (2020-12), which is what OpenAPI 3.1 uses. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the document says of a route. */
export interface RouteFacts {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly querystring?: z.ZodType;
  /** By content type; null for bytes. */
  readonly body?: Readonly<Record<string, z.ZodType | JsonSchema | null>>;
  /** By status and content type; null for bytes. Errors are added. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of errors that may come of it. */
  readonly errors: readonly number[];
  /** Whether it is answered without a token. */
  readonly isOpen?: boolean;
}

export interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, z.ZodType | JsonSchema | null>>;
}

/** Every error. */
export const errorAnswer = z.strictObject({
  error: z.string().meta({ description: "What is wrong, in a line." }),
});

const bytes: JsonSchema = { type: "string", format: "binary" };

const meanings: Readonly<Record<number, string>> = {
  400: "The request is wrong",
  401: "A bearer token is needed",
  403: "A web page of an origin that may not ask",
  404: "There is no such model or run",
  406: "Nothing that the client accepts can be sent",
  408: "No more of a large body came",
  413: "More than is taken at once",
  415: "A body of another type than is taken",
  500: "The model failed",
  503: "Too busy, or not loaded: try again after Retry-After seconds",
  504: "The model took too long",
};

function failure(status: number): Answer {
  return { description: meanings[status] ?? "Failed", content: { "application/json": errorAnswer } };
}

/** Adds to a route that it is not answered without a token. */
export function requireTokenIn(route: { schema?: FastifySchema }): void {
  const { response, ...schema } = route.schema ?? {};
  if (response === undefined) return;
  const { description, content } = failure(401);
  const answers = { ...response, 401: { description, content: contentOf(content ?? {}, "output") } };
  route.schema = { ...schema, response: answers };
}

/** What Fastify is given for a route, and @fastify/swagger reads. */
export function schemaOf({
  querystring,
  body,
  answers,
  errors,
  isOpen,
  ...facts
}: RouteFacts): FastifySchema {
  const failed = errors.map((status): [number, Answer] => [status, failure(status)]);
  const response = [...(Object.entries(answers) as unknown as [number, Answer][]), ...failed];
  return {
    ...facts,
    ...(querystring && { querystring: jsonSchema(querystring) }),
    ...(body && { body: { content: contentOf(body, "input") } }),
    response: Object.fromEntries(
      response.map(([status, { description, content }]) => [
        status,
        content === undefined
          ? { type: "null", description }
          : { description, content: contentOf(content, "output") },
      ]),
    ),
    ...(isOpen === true && { security: [] }),
  } as FastifySchema;
}

function contentOf(
  content: Readonly<Record<string, z.ZodType | JsonSchema | null>>,
  io: "input" | "output",
): Readonly<Record<string, { readonly schema: JsonSchema }>> {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      { schema: schema === null ? bytes : schema instanceof z.ZodType ? jsonSchema(schema, io) : schema },
    ]),
  );
}

function jsonSchema(schema: z.ZodType, io: "input" | "output" = "input"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
