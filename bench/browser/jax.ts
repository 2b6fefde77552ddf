/** jax-js on its WASM device, with threads: one compiled step of loss, gradients and Adam. */
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { Batches, firstWeights, type Open } from "./task.ts";

type Weights = { [name: string]: np.Array };
type State = { weights: Weights; first: Weights; second: Weights };

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** An array is consumed where it is used, unless it is `.ref`. */
export const openJax: Open = async (task) => {
  await init("wasm");
  defaultDevice("wasm");
  const { batch, learningRate } = task.config;
  const lossOf = (weights: Weights, x: np.Array, noise: np.Array): np.Array => {
    const dense = (x: np.Array, name: string) =>
      np.matmul(x, weights[`${name}.weight`]!).add(weights[`${name}.bias`]!);
    const hidden = nn.relu(dense(x.ref, "encoder.hidden.0"));
    const mean = dense(hidden.ref, "encoder.mean");
    const logVariance = dense(hidden, "encoder.log_variance");
    const latent = mean.ref.add(np.exp(logVariance.ref.mul(0.5)).mul(noise));
    const logits = dense(nn.relu(dense(latent, "decoder.hidden.0")), "decoder.output");
    const reconstruction = nn.softplus(logits.ref).sub(x.mul(logits)).sum();
    const spread = np.square(mean).add(np.exp(logVariance.ref)).sub(logVariance).sub(1);
    return reconstruction.add(spread.sum().mul(0.5)).div(batch);
  };
  /** Adam (Kingma & Ba 2015); the two corrections of the moments come from outside, since the step's number changes. */
  const stepOf = jit((state: State, x: np.Array, noise: np.Array, corrections: [np.Array, np.Array]) => {
    const held = Object.entries(state.weights).map(([name, weight]) => [name, weight.ref]);
    const [loss, gradients] = valueAndGrad(lossOf)(Object.fromEntries(held), x, noise);
    const next: State = { weights: {}, first: {}, second: {} };
    for (const [name, weight] of Object.entries(state.weights)) {
      const gradient = gradients[name]!;
      const first = state.first[name]!.mul(BETA1).add(gradient.ref.mul(1 - BETA1));
      const second = state.second[name]!.mul(BETA2).add(np.square(gradient).mul(1 - BETA2));
      const spread = np.sqrt(second.ref.mul(corrections[1].ref)).add(EPSILON);
      const change = first.ref.mul(corrections[0].ref).div(spread).mul(learningRate);
      Object.assign(next.weights, { [name]: weight.sub(change) });
      Object.assign(next.first, { [name]: first });
      Object.assign(next.second, { [name]: second });
    }
    for (const correction of corrections) correction.dispose();
    return { next, loss };
  });
  const weights = [...firstWeights(task)];
  const array = (data: Float32Array, shape: readonly number[]) =>
    np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
  const zeros = () => Object.fromEntries(weights.map(([name, { shape }]) => [name, np.zeros([...shape])]));
  let state: State = {
    weights: Object.fromEntries(weights.map(([name, { shape, data }]) => [name, array(data, shape)])),
    first: zeros(),
    second: zeros(),
  };
  const batches = new Batches(task);
  let taken = 0;
  return async (steps) => {
    const begun = performance.now();
    let sum = 0;
    for (let step = 0; step < steps; step++) {
      const { pixels, noise } = batches.next();
      taken++;
      const correction = (beta: number) => array(Float32Array.of(1 / (1 - beta ** taken)), [1]);
      const { next, loss } = stepOf(
        state,
        array(pixels, [batch, pixels.length / batch]),
        array(noise, [batch, noise.length / batch]),
        [correction(BETA1), correction(BETA2)],
      );
      state = next;
      sum += (await loss.data())[0]!;
    }
    await blockUntilReady(state);
    return { seconds: (performance.now() - begun) / 1000, steps, loss: sum / steps };
  };
};
