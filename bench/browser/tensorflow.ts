/** TensorFlow.js on its WASM backend, with SIMD and threads: an optimizer of its own minimizes the same loss. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { Batches, firstWeights, type Open } from "./task.ts";

export const openTensorflow: Open = async (task) => {
  setWasmPaths("/tfjs/");
  setThreadsCount(navigator.hardwareConcurrency);
  await tf.setBackend("wasm");
  const { batch, learningRate } = task.config;
  const variables = new Map(
    [...firstWeights(task)].map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape])),
    ]),
  );
  /** What its own dense layer does. */
  const dense = (x: tf.Tensor2D, name: string) =>
    tf.fused.matMul({
      a: x,
      b: variables.get(`${name}.weight`) as tf.Tensor2D,
      bias: variables.get(`${name}.bias`)!,
    }) as tf.Tensor2D;
  const lossOf = (x: tf.Tensor2D, noise: tf.Tensor2D): tf.Scalar => {
    const hidden = tf.relu(dense(x, "encoder.hidden.0"));
    const [mean, logVariance] = [dense(hidden, "encoder.mean"), dense(hidden, "encoder.log_variance")];
    const latent = tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise)) as tf.Tensor2D;
    const logits = dense(tf.relu(dense(latent, "decoder.hidden.0")), "decoder.output");
    const reconstruction = tf.sum(tf.sub(tf.softplus(logits), tf.mul(x, logits)));
    const spread = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
    return tf.div(tf.add(reconstruction, tf.mul(tf.sum(spread), 0.5)), batch);
  };
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  const batches = new Batches(task);
  return async (steps) => {
    const begun = performance.now();
    let sum = 0;
    for (let step = 0; step < steps; step++) {
      const { pixels, noise } = batches.next();
      sum += tf.tidy(() => {
        const x = tf.tensor2d(pixels, [batch, pixels.length / batch]);
        const loss = optimizer.minimize(
          () => lossOf(x, tf.tensor2d(noise, [batch, noise.length / batch])),
          true,
        );
        return loss!.dataSync()[0]!;
      });
    }
    return { seconds: (performance.now() - begun) / 1000, steps, loss: sum / steps };
  };
};
