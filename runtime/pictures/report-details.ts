/** The report's small print: how to use and repeat the run, its settings, its data and its files. */
import type { Medium } from "../../src/data/dataset.ts";
import { type Html, html } from "./html.ts";
import { formatBytes, formatCount } from "./quantity.ts";
import type { DataSummary, FileSummary, ReportData, SettingsGroup } from "./report-data.ts";
import { usageSnippets } from "./snippets.ts";

export function usageSection({ model, commands }: ReportData): Html | null {
  if (model === null && commands.length === 0) return null;
  return html`<section class="use">
<h2>Use it, repeat it</h2>
${
  model === null
    ? null
    : html`<p>The encoder takes images <code>[batch, ${model.image.channels}, ${model.image.height}, ${model.image.width}]</code> with values from 0 to 1${standFor(model.medium)}${model.takesLabel.encoder ? html` and their classes <code>label</code>` : null} and gives <code>${model.outputs.join(", ")}</code>; the decoder takes codes <code>[batch, ${model.latent}]</code>${model.takesLabel.decoder ? html` and classes <code>label</code>` : null} and gives images. Any ONNX Runtime runs them.</p>
<div class="snippets">${usageSnippets(model).map(({ title, code }) => codeBlock(title, code))}</div>`
}
${commands.length === 0 ? null : codeBlock("The same run again", commands.join("\n"))}
</section>
`;
}

/** What images are where they are no pictures. */
function standFor({ kind }: Medium): string {
  if (kind === "text") return " (a channel for each character, a column for each place of the line)";
  return kind === "sound" ? " (samples of sound, of which one half is silence)" : "";
}

function codeBlock(title: string, code: string): Html {
  return html`<div><h3>${title}</h3><pre tabindex="0"><code>${code}</code></pre></div>`;
}

export function settingsSection(groups: readonly SettingsGroup[]): Html | null {
  if (groups.length === 0) return null;
  return html`<section>
<h2>Settings</h2>
<div class="groups">${groups.map(
    ({ title, values }) => html`<div><h3>${title}</h3>
<table>${flatten(values).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</table></div>`,
  )}</div>
</section>
`;
}

/** The leaves of nested values under dotted names; lists of plain values are leaves. */
function flatten(values: Readonly<Record<string, unknown>>, prefix = ""): [name: string, value: string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    const name = prefix + key;
    if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
      return [[name, value.join(", ")]];
    if (typeof value === "object" && value !== null)
      return flatten(value as Record<string, unknown>, `${name}.`);
    return [[name, value === null ? "none" : String(value)]];
  });
}

export function dataSection(data: DataSummary | null): Html | null {
  if (data === null) return null;
  return html`<section>
<h2>Data</h2>
<p>${data.name}: ${imagesIn(data)}${data.classes === null ? ", without labels" : ` in ${data.classes.length} classes`}.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Split</th><th scope="col" class="number">${data.medium.kind === "image" ? "Images" : data.medium.kind === "text" ? "Lines" : "Clips"}</th><th scope="col">Taken from</th></tr></thead>
<tbody>${data.splits.map(
    ({ name, count, origin }) =>
      html`<tr><th scope="row">${name}</th><td class="number">${formatCount(count)}</td><td>${origin}</td></tr>`,
  )}</tbody>
</table></div>
<p class="fingerprint">SHA-256 <code>${data.fingerprint}</code></p>
</section>
`;
}

function imagesIn({ medium, image: { channels, height, width } }: DataSummary): string {
  if (medium.kind === "text")
    return `lines of at most ${width} characters, out of an alphabet of ${channels}`;
  if (medium.kind === "sound")
    return `clips of ${formatCount(width)} samples, ${formatCount(medium.rate)} of them a second`;
  return `${channels === 1 ? "gray" : "colour"} images of ${width} × ${height} pixels`;
}

export function filesSection(files: readonly FileSummary[]): Html | null {
  if (files.length === 0) return null;
  return html`<section>
<h2>Files</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">File</th><th scope="col" class="number">Size</th><th scope="col">What it holds</th></tr></thead>
<tbody>${files.map(
    ({ name, bytes, purpose }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td class="number">${formatBytes(bytes)}</td><td>${purpose}</td></tr>`,
  )}</tbody>
</table></div>
</section>
`;
}
