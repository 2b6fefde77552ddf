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

function typescript({ image, outputs: [code = "code"], takesLabel }: ModelSummary): string {
  const { channels, height, width } = image;
  const label = takesLabel.encoder || takesLabel.decoder;
  return `import { InferenceSession, Tensor } from "onnxruntime-node";
// or, in a page, from "onnxruntime-web"

const encoder = await InferenceSession.create("encoder.onnx");
const decoder = await InferenceSession.create("decoder.onnx");

const pixels = new Float32Array(${channels} * ${height} * ${width}); // from 0 to 1
const image = new Tensor("float32", pixels, [1, ${channels}, ${height}, ${width}]);
${label ? `const label = new Tensor("int32", [0], [1]); // the number of its class\n` : ""}const { ${code} } = await encoder.run({ image${takesLabel.encoder ? ", label" : ""} });
const decoded = await decoder.run({ latent: ${code}${takesLabel.decoder ? ", label" : ""} });
console.log(decoded.image.data);`;
}

function python(model: ModelSummary): string {
  const { outputs, takesLabel } = model;
  const [code = "code"] = outputs;
  const { imports, pixels, shown } = inPython(model);
  const label = takesLabel.encoder || takesLabel.decoder;
  return `${imports.join("\n")}

encoder = ort.InferenceSession("encoder.onnx")
decoder = ort.InferenceSession("decoder.onnx")

${pixels.join("\n")}
${label ? "label = np.array([0], np.int32)  # the number of its class\n" : ""}${outputs.length > 1 ? outputs.join(", ") : `(${code},)`} = encoder.run(None, {"image": pixels${takesLabel.encoder ? `, "label": label` : ""}})
(image,) = decoder.run(None, {"latent": ${code}${takesLabel.decoder ? `, "label": label` : ""}})${shown}`;
}

/** What is imported, how a file becomes pixels, and what is done with those that come out. */
function inPython({ image, medium }: ModelSummary) {
  const { channels, height, width } = image;
  const both = ["import numpy as np", "import onnxruntime as ort"];
  switch (medium.kind) {
    case "image": {
      const [mode, axes] = channels === 1 ? ["L", "[None, None]"] : ["RGB", ".transpose(2, 0, 1)[None]"];
      return {
        imports: [...both, "from PIL import Image"],
        pixels: [
          `picture = Image.open("image.png").convert("${mode}").resize((${width}, ${height}))`,
          `pixels = np.asarray(picture, np.float32)${axes} / 255`,
        ],
        shown: "",
      };
    }
    case "text":
      return {
        imports: both,
        pixels: [
          `alphabet = ${JSON.stringify(medium.alphabet)}`,
          `places = [alphabet.index(character) for character in "a line".ljust(${width})]`,
          `pixels = np.eye(${channels}, dtype=np.float32)[places].T[None, :, None]`,
        ],
        shown: `\nprint("".join(alphabet[i] for i in image[0, :, 0].argmax(0)))`,
      };
    case "sound":
      return {
        imports: [...both, "import wave"],
        pixels: [
          `clip = wave.open("clip.wav")  # 8-bit mono, ${medium.rate} samples a second`,
          `samples = np.frombuffer(clip.readframes(${width}), np.uint8)`,
          "pixels = samples.astype(np.float32)[None, None, None] / 255",
        ],
        shown: "",
      };
  }
}
