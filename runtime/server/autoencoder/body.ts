/** Images and codes out of the bodies of requests: a picture, a form with several, or JSON. */
import { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { refuse, ServiceError } from "../error.ts";
import { unreadable } from "../json.ts";
import type { Label } from "./label.ts";

/** The types of bodies that are pictures, whatever they say; their first bytes say which. */
export const pictureTypes = ["image/png", "image/jpeg", "application/octet-stream"] as const;

/** Pictures, and what came along: a class, so that no JSON is taken for it. */
export class PictureBody {
  readonly pictures: readonly Uint8Array[];
  readonly label: Label;

  constructor(pictures: readonly Uint8Array[], label: Label) {
    this.pictures = pictures;
    this.label = label;
  }
}

/** Bytes of a field that is no file; a label is not longer. */
const FIELD = 1000;
/** Bytes of a form that are read at once. */
const SLICE = 2 ** 16;

/** Reads JSON, pictures and forms. Bodies of other types are answered by a 415. */
export function addParsers(app: FastifyInstance, maxImages: number): void {
  // An application around this one may read some of them in another way.
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    const error = unreadable(body, "the request");
    if (error === undefined) parse(request, body, done);
    else done(error);
  });
  app.addContentTypeParser(
    [...pictureTypes],
    { parseAs: "buffer" },
    async (_request: FastifyRequest, body: Buffer) => new PictureBody([body], undefined),
  );
  app.addContentTypeParser(
    "multipart/form-data",
    { parseAs: "buffer" },
    async ({ headers }: FastifyRequest, body: Buffer) => readForm(body, headers as BusboyHeaders, maxImages),
  );
  app.addContentTypeParser("*", (_request, _body, done) =>
    done(new ServiceError(415, "a body is image/png, image/jpeg, multipart/form-data or application/json")),
  );
}

/** The files and labels of a form. Throws a 400 where it is damaged, a 413 where there are more files than are taken. */
function readForm(body: Buffer, headers: BusboyHeaders, maxImages: number): Promise<PictureBody> {
  return new Promise((resolve, reject) => {
    const pictures: Uint8Array[] = [];
    const label: string[] = [];
    const source = Readable.from(slices(body));
    const stop = (error: Error) => {
      // What is left of the body is not looked at.
      source.unpipe(form);
      source.destroy();
      reject(error);
    };
    const tooMany = (what: string) => () =>
      stop(
        new ServiceError(413, `the form has more than ${maxImages} ${what}, which is as many as are taken`),
      );
    const form = formOf(headers, maxImages);
    form.on("file", (_name, stream) => {
      const chunks: Uint8Array[] = [];
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      stream.on("error", () => stop(cutShort()));
      stream.on("end", () => pictures.push(Buffer.concat(chunks)));
    });
    form.on("field", (name, value, _nameCut, isCut) => {
      if (name !== "label")
        return stop(
          new ServiceError(
            400,
            `the form has a field ${JSON.stringify(name.slice(0, 60))}: label and files were expected`,
          ),
        );
      if (isCut) return stop(new ServiceError(400, "the form: a label is too long"));
      label.push(value);
    });
    form.on("filesLimit", tooMany("files"));
    form.on("fieldsLimit", tooMany("labels"));
    form.on("partsLimit", tooMany("parts"));
    form.on("error", () => stop(cutShort()));
    form.on("finish", () => resolve(new PictureBody(pictures, label.length === 0 ? undefined : label)));
    source.pipe(form);
  });
}

/** A form could be of very many parts: it is read a little at a time, and no further than it is right. */
function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += SLICE) yield body.subarray(at, at + SLICE);
}

function formOf(headers: BusboyHeaders, maxImages: number): BusboyInstance {
  try {
    return new Busboy({
      headers,
      limits: {
        files: maxImages,
        fields: maxImages,
        parts: 2 * maxImages,
        fieldSize: FIELD,
        headerPairs: 20,
      },
    });
  } catch {
    return refuse("the form: its content type names no boundary");
  }
}

function cutShort(): ServiceError {
  return new ServiceError(400, "the form is damaged or cut short");
}
