/** After all tests: the devices that those of devices are run on here, and those that could not be tried. */
import type { TestProject } from "vitest/node";
import { chromiumPlaces, nodePlaces } from "./places.ts";

export default function setup({ config }: TestProject): () => Promise<void> {
  return async () => {
    Object.assign(process.env, config.env);
    const places = [...(await nodePlaces()), ...chromiumPlaces()];
    const tried = places.filter(({ missing }) => missing === undefined).map(({ title }) => title);
    console.info(`devices of the tests: ${tried.join(", ")}`);
    for (const { title, missing } of places)
      if (missing !== undefined) console.info(`not tried: ${title}: ${missing}`);
  };
}
