/** Devices of Node against float64: every operator, every gradient, trainings. */
import { nodePlaces } from "../support/devices/places.ts";
import { testCandidates } from "../support/devices/suite.ts";

testCandidates(await nodePlaces());
