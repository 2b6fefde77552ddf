/** How to use the exported models without Isthmus: a few lines of TypeScript and of Python. */
import type { ModelSummary } from "./report-data.ts";

export interface Snippet {
  readonly title: string;
  readonly code: string;
}

/** Encodes an image and decodes its code again, with ONNX Runtime. */
export function usageSnippets(model: ModelSummary): readonly Snippet[] {
  return [
    { title: "In TypeScript", code: typescript(model) },
    { title: "In Python", code: python(model) },
  ];
}

function typescript({ image, outputs: [code = "code"] }: ModelSummary): string {
  const { channels, height, width } = image;
  return `import { InferenceSession, Tensor } from "onnxruntime-node";
// or, in a page, from "onnxruntime-web"

const encoder = await InferenceSession.create("encoder.onnx");
const decoder = await InferenceSession.create("decoder.onnx");

const pixels = new Float32Array(${channels} * ${height} * ${width}); // from 0 to 1
const image = new Tensor("float32", pixels, [1, ${channels}, ${height}, ${width}]);
const { ${code} } = await encoder.run({ image });
const decoded = await decoder.run({ latent: ${code} });
console.log(decoded.image.data);`;
}

function python({ image, outputs }: ModelSummary): string {
  const [code = "code"] = outputs;
  const gray = image.channels === 1;
  return `import numpy as np
import onnxruntime as ort
from PIL import Image

encoder = ort.InferenceSession("encoder.onnx")
decoder = ort.InferenceSession("decoder.onnx")

picture = Image.open("image.png").convert("${gray ? "L" : "RGB"}").resize((${image.width}, ${image.height}))
pixels = np.asarray(picture, np.float32)${gray ? "[None, None]" : ".transpose(2, 0, 1)[None]"} / 255
${outputs.length > 1 ? outputs.join(", ") : `(${code},)`} = encoder.run(None, {"image": pixels})
(image,) = decoder.run(None, {"latent": ${code}})`;
}
