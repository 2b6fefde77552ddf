/** Encoders and decoders behind HTTP: the service, and the Fastify plugin that offers it. */
export { ServiceError } from "./error.ts";
export { type InferOptions, type ModelState, ServedModel } from "./model.ts";
export { type InferenceOptions, inferencePlugin } from "./plugin.ts";
export { InferenceService, type ServiceEvent, type ServiceOptions } from "./service.ts";
