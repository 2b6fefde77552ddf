/** The report's first lines: the test loss with its two parts, and what it took to get there. */
import { type Html, html } from "./html.ts";
import type { Losses } from "./losses.ts";
import { formatCount, formatDuration, formatNats } from "./quantity.ts";
import type { Headline } from "./report-data.ts";

export function headline(
  { test, epochs, seconds, imagesPerSecond, device, penalty, isMemory }: Headline,
  unit: string,
  noun: string,
): Html {
  const measured = html`${unit} per ${noun}<br>on the ${isMemory ? "training" : "test"} ${noun}s`;
  return html`<section class="headline" aria-label="Results">
${test === null ? null : testLoss(test, measured, penalty)}
<dl class="facts">
${fact("epochs", formatCount(epochs))}
${epochs === 0 ? null : fact("training time", formatDuration(seconds))}
${imagesPerSecond === null ? null : fact(`${noun}s per second`, formatCount(imagesPerSecond))}
${fact("device", device)}
</dl>
</section>`;
}

function fact(name: string, value: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function testLoss({ loss, reconstruction, kl }: Losses, measured: Html, penalty: string | null): Html {
  return html`<div class="result">
<p class="figure"><strong>${formatNats(loss)}</strong> <span>${measured}</span></p>
${kl === null || penalty === null ? null : parts({ loss, reconstruction, kl }, penalty)}
</div>`;
}

/** A bar of the two terms; they add up to the loss unless the model weighs the second one. */
function parts(
  { loss, reconstruction, kl }: { readonly [K in keyof Losses]: number },
  penalty: string,
): Html {
  const weighted = Math.abs(reconstruction + kl - loss) > 0.001 * Math.abs(loss);
  const width = Math.min(100, Math.max(0, (100 * reconstruction) / (reconstruction + kl)));
  return html`<div class="parts">
<div class="bar" aria-hidden="true"><i style="width:${width.toFixed(1)}%"></i><i></i></div>
<p><span class="key reconstruction">${formatNats(reconstruction)} reconstruction</span> ${weighted ? "" : "+ "}<span class="key kl">${formatNats(kl)} ${penalty}${weighted ? ", weighted in the loss" : ""}</span></p>
</div>`;
}
