/** One function for every operator of the vocabulary. */
export * from "./activation.ts";
export type { Operand } from "./apply.ts";
export * from "./elementwise.ts";
export * from "./movement.ts";
export * from "./product.ts";
export * from "./quantisation.ts";
export * from "./scan.ts";
export * from "./selection.ts";
