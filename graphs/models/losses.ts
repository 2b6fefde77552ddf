/** What a model from elsewhere can be trained on. */
export const losses = ["mse", "bernoulli", "elbo"] as const;
export type Loss = (typeof losses)[number];
