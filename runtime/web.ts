/** Isthmus in a browser: all that is portable, over ONNX Runtime's package for the web. */
export { type WebHostOptions, webHost } from "./host/web.ts";
export * from "./portable.ts";
