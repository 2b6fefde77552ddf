/** The version that emitted models and runs carry. */
export const version = "0.1.0";
