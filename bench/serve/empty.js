/**
 * What HTTP alone costs: Fastify with a handler that reads a body and answers so many bytes, whatever it was. In
 * JavaScript, as what it is compared with is: without a loader in the process.
 */
import Fastify from "fastify";

const [port = 0, json = 0, binary = 0] = process.argv.slice(2).map(Number);
const app = Fastify();
app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
  done(null, body),
);
const text = `"${"-".repeat(json - 2)}"`;
const bytes = Buffer.alloc(binary);
app.post("/json", async (_request, reply) => reply.type("application/json; charset=utf-8").send(text));
app.post("/binary", async (_request, reply) => reply.type("application/octet-stream").send(bytes));
await app.listen({ port });
