/** In a page: what smaller encoders and decoders give there. */
import { codeOf, Decoder, type Device, drawDigits, Encoder, webHost } from "../../../runtime/web.ts";

const host = webHost({ wasmPaths: "/ort/" });

/** The codes of eight digits, and the images that these codes decode to. */
export async function encodeAndDecode(encoderModel: Uint8Array, decoderModel: Uint8Array, device: Device) {
  const { images } = drawDigits(8, 1);
  const encoder = await Encoder.open(encoderModel, "encoder", host, { device });
  const decoder = await Decoder.open(decoderModel, "decoder", host, { device });
  const codes = codeOf(await encoder.encode(images));
  const decoded = await decoder.decode(codes);
  await encoder.release();
  await decoder.release();
  return { codes, decoded };
}
