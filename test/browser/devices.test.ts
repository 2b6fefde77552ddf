/** Devices of Chromium against float64: every operator, every gradient, trainings. */
import { chromiumPlaces } from "../support/devices/places.ts";
import { testCandidates } from "../support/devices/suite.ts";

testCandidates(chromiumPlaces());
