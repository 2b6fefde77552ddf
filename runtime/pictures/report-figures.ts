/** The pictures of a report, each under its title and what there is to see in it. */
import { Html, html } from "./html.ts";
import type { Picture } from "./picture.ts";

/** Wide pictures take a row; of the others, two in sequence share one, and one alone stands beside its words. */
export function figures(pictures: readonly Picture[]): readonly Html[] {
  const rows: Html[] = [];
  for (let i = 0; i < pictures.length; i++) {
    const picture = pictures[i]!;
    const next = pictures[i + 1];
    if (picture.wide) rows.push(figure(picture, "wide"));
    else if (next === undefined || next.wide) rows.push(figure(picture, "beside"));
    else {
      rows.push(html`<div class="pair">${figure(picture, "half")}${figure(next, "half")}</div>`);
      i++;
    }
  }
  return rows;
}

function figure(picture: Picture, layout: "wide" | "half" | "beside"): Html {
  return html`<figure class="${layout}" id="${picture.name}">
<figcaption><h2>${picture.title}</h2><p>${picture.caption}</p></figcaption>
${picture.panels.length > 0 ? chart(picture, layout === "wide") : image(picture)}
</figure>
`;
}

/** One panel alone in a row is no wider than it was drawn. */
function chart({ panels, alt }: Picture, isWide: boolean): Html {
  const [, width] = (isWide && panels.length === 1 && /^<svg [^>]*width="([\d.]+)"/.exec(panels[0]!)) || [];
  const style = width === undefined ? null : html` style="max-width:${width}px"`;
  return html`<div class="panels" role="img" aria-label="${alt}"${style}>${panels.map((panel) => new Html(panel))}</div>`;
}

function image({ png, alt }: Picture): Html {
  const [width, height] = sizeOf(png);
  const base64 = Buffer.from(png.buffer, png.byteOffset, png.length).toString("base64");
  return html`<img src="data:image/png;base64,${base64}" width="${width}" height="${height}" alt="${alt}">`;
}

/** The width and height that a PNG file's first chunk says. */
function sizeOf(png: Uint8Array): [width: number, height: number] {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  return [view.getUint32(16), view.getUint32(20)];
}
