/** Layers, distributions and initialisers. */
export * from "./convolution.ts";
export * from "./distribution.ts";
export * from "./init.ts";
export * from "./layer.ts";
export * from "./normalization.ts";
export * from "./scope.ts";
