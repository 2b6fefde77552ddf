/** How much each latent dimension says about an image. */
import { drawPanel, PALETTE, panelsToPng } from "./chart.ts";
import type { Picture } from "./picture.ts";

/** A dimension that says less than this, in nats, is called unused. */
const UNUSED_BELOW = 0.01;

/** `kl`: the mean KL divergence of each latent dimension from the prior, in nats per image, in the latent's order. */
export async function klPerDimension(kl: ArrayLike<number>): Promise<Picture> {
  const bars = Array.from(kl, (value, dimension) => ({ value, dimension })).sort((a, b) => b.value - a.value);
  const used = bars.filter(({ value }) => value >= UNUSED_BELOW).length;
  const named = bars.length <= 26;
  const panel = await drawPanel(
    {
      width: 480,
      height: 254,
      marginTop: 52,
      marginRight: 8,
      marginBottom: 36,
      marginLeft: 40,
      x: {
        type: "band",
        domain: bars.map(({ dimension }) => dimension),
        label: named ? "latent dimension" : `${bars.length} latent dimensions, in the order of their share`,
        labelAnchor: "center",
        labelArrow: "none",
        padding: named ? 0.25 : 0.1,
        tickSize: 0,
        ...(named ? {} : { ticks: [] }),
      },
      y: { grid: true, label: null, nice: true, ticks: 4, tickSize: 0, zero: true },
    },
    { title: "KL divergence by latent dimension", vertical: "nats per image" },
    (plot) => [
      plot.barY(bars, { x: "dimension", y: "value", fill: PALETTE[0] }),
      plot.ruleY([0], { strokeOpacity: 0.5 }),
    ],
  );
  const unused = bars.length - used;
  return {
    name: "kl-per-dimension",
    title: "What each dimension carries",
    caption: `How far the codes' distribution is from the prior in each latent dimension: the information that dimension carries. ${
      unused === 0
        ? `All ${bars.length} are in use.`
        : `${used} of ${bars.length} are in use; the other ${unused === 1 ? "one says" : `${unused} say`} next to nothing about the image.`
    }`,
    alt: `A bar chart of the KL divergence of ${bars.length} latent dimensions, ${used} of them in use`,
    wide: false,
    png: await panelsToPng([panel]),
    panels: [panel],
  };
}
