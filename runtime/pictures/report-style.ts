/** The report's style sheet: two columns on a desk, one on a phone, light or dark as the reader's system is. */
import { Html } from "./html.ts";

export const style = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --surface: #ffffff; --ink: #1f242b; --soft: #626a75; --line: #e2dfd9;
  --blue: #4269d0; --coral: #ff725c;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Charter, Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #14161a; --surface: #1c1f24; --ink: #e3e5e8; --soft: #99a1ac; --line: #31353c; --blue: #6a8df0; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 2rem 4rem; max-width: 74rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
h1, h2 { font-family: var(--serif); font-weight: 600; line-height: 1.15; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin: .35rem 0 .5rem; font-size: clamp(2.1rem, 6vw, 3.4rem); letter-spacing: -.015em; }
h2 { margin: 0 0 .35rem; font-size: 1.55rem; }
h3 { margin: 0 0 .5rem; font-size: .8rem; font-weight: 600; letter-spacing: .04em; color: var(--soft); }
p { margin: 0; max-width: 46rem; text-wrap: pretty; }
code, pre { font-family: var(--mono); font-size: .86em; }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 650; }
.brand span, .description, figcaption p, section > p, footer { color: var(--soft); }
.brand span { font-weight: 400; }
.description { font-size: 1.1rem; }
main > * { margin: 4.5rem 0 0; }

.headline {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 2rem 4rem;
  margin-top: 2.5rem; padding: 1.75rem 0; border-block: 1px solid var(--line);
}
.result { flex: 1 1 22rem; }
.figure { display: flex; align-items: center; gap: .9rem; }
.figure strong { font: 600 4rem/1 var(--serif); letter-spacing: -.02em; font-variant-numeric: lining-nums; }
.figure span { color: var(--soft); line-height: 1.35; }
.parts { margin-top: 1rem; max-width: 30rem; font-size: .92rem; }
.bar { display: flex; gap: 2px; height: .6rem; margin-bottom: .5rem; }
.bar i { border-radius: 2px; background: var(--coral); }
.bar i:first-child { background: var(--blue); }
.bar i:last-child { flex: 1; }
.key::before { content: ""; display: inline-block; width: .6rem; height: .6rem; margin-right: .4rem; border-radius: 2px; background: var(--blue); }
.key.kl::before { background: var(--coral); margin-left: .2rem; }
.facts { flex: 0 1 26rem; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.1rem 2rem; margin: 0; }
.facts dt { color: var(--soft); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }

figure { margin-inline: 0; min-width: 0; }
figcaption { margin-bottom: 1.25rem; }
figure img { display: block; max-width: 100%; height: auto; border-radius: 8px; }
.wide img { width: 100%; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1.5rem 1rem; }
.panels svg { width: 100%; max-width: 40rem; height: auto; overflow: visible; }
.wide .panels svg:only-child { max-width: none; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem 3rem; }
.pair figure { display: grid; grid-template-rows: subgrid; grid-row: span 2; align-items: start; }
.pair figcaption { margin: 0; }
.beside { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 3rem; align-items: center; }

.snippets { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.5rem; margin: 1.25rem 0 1.5rem; }
pre { margin: 0; padding: 1rem 1.15rem; overflow-x: auto; line-height: 1.5; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.groups { columns: 3 18rem; column-gap: 3rem; margin-top: 1.25rem; }
.groups > div { break-inside: avoid; margin-bottom: 2rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem 1.25rem .4rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--soft); font-size: .85rem; }
.groups th { color: var(--soft); }
.groups td { padding-right: 0; text-align: right; overflow-wrap: anywhere; }
.scroll td:last-child { padding-right: 0; width: 60%; color: var(--soft); }
.number { text-align: right; white-space: nowrap; }
.fingerprint { max-width: none; font-size: .85rem; overflow-wrap: anywhere; }
footer { margin-top: 4rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: .85rem; }

@media (max-width: 54rem) {
  .pair, .beside, .snippets { grid-template-columns: minmax(0, 1fr); }
  .pair figure + figure { margin-top: 2.5rem; }
  .beside { gap: 0; }
}
@media (max-width: 40rem) {
  body { padding: 1.5rem 1.1rem 3rem; }
  main > * { margin-top: 3.25rem; }
  .headline { margin-top: 1.75rem; }
  .figure strong { font-size: 3.2rem; }
}
@media print {
  figure, pre, table { break-inside: avoid; }
}
`);
