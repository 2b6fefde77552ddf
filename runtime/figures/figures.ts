/** The figures of a report, in its order: each draws what it is about, or finds that the model has no such thing. */
import type { Facts } from "../../graphs/model.ts";
import type { Losses } from "../losses.ts";
import { lossCurves } from "../pictures/losses.ts";
import type { Picture } from "../pictures/picture.ts";
import { activityFigure, componentFigure, divergenceFigure, scatterFigure, usageFigure } from "./codes.ts";
import { reconstructionFigure } from "./reconstructions.ts";
import { planeFigure, sampleFigure, sweepFigure } from "./samples.ts";
import { type Study, type Subject, study } from "./study.ts";
import { walkFigure } from "./walks.ts";

type Figure = (study: Study) => Promise<Picture | null>;

const figures: readonly Figure[] = [
  lossFigure,
  reconstructionFigure,
  sampleFigure,
  componentFigure,
  scatterFigure,
  planeFigure,
  divergenceFigure,
  activityFigure,
  usageFigure,
  sweepFigure,
  walkFigure,
];

/** Draws every figure that there is of a trained model. */
export async function figuresOf(subject: Subject): Promise<Picture[]> {
  const studied = await study(subject);
  const pictures: Picture[] = [];
  for (const figure of figures) {
    const picture = await figure(studied);
    if (picture !== null) pictures.push(picture);
  }
  return pictures;
}

/** The curves of a training that took steps. */
async function lossFigure({ metrics, facts, noun }: Study): Promise<Picture | null> {
  if (metrics.length === 0) return null;
  const epochs = metrics.map((epoch) => ({
    ...epoch,
    train: shownLosses(facts, epoch.train),
    // A memory is measured on what it is trained on.
    validation: facts.isMemory ? null : shownLosses(facts, epoch.validation),
  }));
  return lossCurves(epochs, { measure: `${facts.unit} per ${noun}`, penalty: facts.penalty ?? "" });
}

/** Losses as people are shown them: without a term that the model does not have. */
export function shownLosses({ penalty }: Facts, losses: Losses) {
  return { ...losses, kl: penalty === null ? null : losses.kl };
}
