/** The report's first lines: the test loss with its two parts, and what it took to get there. */
import { type Html, html } from "./html.ts";
import type { Losses } from "./losses.ts";
import { formatCount, formatDuration, formatNats } from "./quantity.ts";
import type { Headline } from "./report-data.ts";

export function headline({ test, epochs, seconds, imagesPerSecond, device }: Headline, unit: string): Html {
  return html`<section class="headline" aria-label="Results">
${test === null ? null : testLoss(test, unit)}
<dl class="facts">
${fact("epochs", formatCount(epochs))}
${epochs === 0 ? null : fact("training time", formatDuration(seconds))}
${imagesPerSecond === null ? null : fact("images per second", formatCount(imagesPerSecond))}
${fact("device", device)}
</dl>
</section>`;
}

function fact(name: string, value: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function testLoss({ loss, reconstruction, kl }: Losses, unit: string): Html {
  return html`<div class="result">
<p class="figure"><strong>${formatNats(loss)}</strong> <span>${unit} per image<br>on the test images</span></p>
${kl === null ? null : parts(loss, reconstruction, kl)}
</div>`;
}

/** A bar of the two terms; they add up to the loss unless the model weighs the KL divergence. */
function parts(loss: number, reconstruction: number, kl: number): Html {
  const weighted = Math.abs(reconstruction + kl - loss) > 0.001 * Math.abs(loss);
  const width = Math.min(100, Math.max(0, (100 * reconstruction) / (reconstruction + kl)));
  return html`<div class="parts">
<div class="bar" aria-hidden="true"><i style="width:${width.toFixed(1)}%"></i><i></i></div>
<p><span class="key reconstruction">${formatNats(reconstruction)} reconstruction</span> ${weighted ? "" : "+ "}<span class="key kl">${formatNats(kl)} KL divergence${weighted ? ", weighted in the loss" : ""}</span></p>
</div>`;
}
