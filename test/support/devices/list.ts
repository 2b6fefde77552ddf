/** After all tests: on which devices they ran, and on which they could not. */
import type { TestProject } from "vitest/node";
import { chromiumPlaces, nodePlaces } from "./places.ts";

export default function setup({ config }: TestProject): () => Promise<void> {
  return async () => {
    Object.assign(process.env, config.env);
    const places = [...(await nodePlaces()), ...chromiumPlaces()];
    const tried = places.filter(({ missing }) => missing === undefined).map(({ title }) => title);
    console.info(`devices tried: ${tried.join(", ")}`);
    for (const { title, missing } of places)
      if (missing !== undefined) console.info(`not tried: ${title}: ${missing}`);
  };
}
