/** What a model from elsewhere can be trained on; `mse` is the sum of the squared errors of an image's pixels. */
export const losses = ["mse", "bernoulli", "elbo"] as const;
export type Loss = (typeof losses)[number];
