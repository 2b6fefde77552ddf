/** The report of a run: one HTML file that needs nothing else, neither network nor scripts. */
import { html } from "./html.ts";
import type { ReportData } from "./report-data.ts";
import { dataSection, filesSection, settingsSection, usageSection } from "./report-details.ts";
import { figures } from "./report-figures.ts";
import { headline } from "./report-headline.ts";
import { style } from "./report-style.ts";

/** Two lands and the strip between them. */
const MARK = html`<svg viewBox="0 0 32 20" width="32" height="20" aria-hidden="true"><path d="M2 1v18l11-6.5h6L30 19V1L19 7.5h-6z" fill="#4269d0"/></svg>`;
const ICON = `data:image/svg+xml,${encodeURIComponent(MARK.markup.replace("<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `))}`;

/** The policy that makes sure of it. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** The page as a string; every text of `data` is escaped. */
export function renderReport(data: ReportData): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${data.name} · Isthmus</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<header>
<p class="brand">${MARK} Isthmus <span>training report</span></p>
<h1>${data.name}</h1>
<p class="description">${data.description}</p>
</header>
<main>
${headline(data.headline, data.unit, data.noun)}
${figures(data.pictures)}
${usageSection(data)}
${settingsSection(data.settings)}
${dataSection(data.data)}
${filesSection(data.files)}
</main>
<footer>Written by Isthmus${data.finished === null ? "" : html` on ${finishedTime(data.finished)}`}. All losses are in ${data.unit} per ${data.noun}.</footer>
</body>
</html>
`.markup;
}

function finishedTime(finished: Date) {
  const iso = finished.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)}, ${iso.slice(11, 16)} UTC</time>`;
}
