/** The OpenAPI document of all routes at `/openapi.json`, and a page at `/docs` to try them. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { version } from "../../../src/version.ts";
import { protocolFacts } from "./protocol.ts";
import { requireTokenIn, schemaOf } from "./schema.ts";

/** Addresses below the prefix that need no token: whoever comes without one finds out how to ask, and no more. */
export const openAddresses = /^\/(openapi\.json|docs(\/.*)?|v2\/health\/(live|ready))$/;

/** An address without the prefix of a plugin, which may end in a slash. */
export function below({ prefix }: FastifyInstance, url: string): string {
  return url.slice(prefix.replace(/\/$/, "").length);
}

/** What a page may load: nothing from anywhere else. */
const policy = {
  "default-src": "'self'",
  "img-src": "'self' data: blob:",
  "style-src": "'self' 'unsafe-inline'",
  "frame-ancestors": "'none'",
};

/**
 * Documents all routes that are added afterwards. An application that has a document of its own finds them there:
 * then there is no second one.
 */
export async function documentation(app: FastifyInstance, hasToken: boolean): Promise<void> {
  const { prefix } = app;
  // Schemas describe: what they ask for is checked where it is read.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.addHook("onRoute", (route) => {
    const facts = protocolFacts(`${route.method} ${below(app, route.url)}`);
    if (facts !== undefined) route.schema = schemaOf(facts);
    // The same as without the slash.
    else if (route.url.endsWith("/v2/")) route.schema = { hide: true } as object;
    if (hasToken && !openAddresses.test(below(app, route.url))) requireTokenIn(route);
  });
  if (app.hasDecorator("swagger")) return;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Isthmus",
        version,
        description:
          "Encoders and decoders behind HTTP: what an autoencoder is for, and the Open Inference Protocol v2.",
      },
      tags: [
        { name: "autoencoder", description: "Images to codes and back" },
        {
          name: "protocol",
          description: "Open Inference Protocol v2, with binary tensors, repository and statistics",
        },
        { name: "operation", description: "For whoever runs the service" },
      ],
      ...(hasToken && {
        components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
        security: [{ token: [] }],
      }),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    indexPrefix: prefix,
    staticCSP: policy,
    theme: { title: "Isthmus" },
    uiConfig: { docExpansion: "list", tryItOutEnabled: true, persistAuthorization: false },
  });
  app.get("/openapi.json", { schema: { hide: true } as object }, async () => app.swagger());
}
