/** The embedded data set of text: short lines about animals and things, made from a small grammar by a seed. */
import { Random } from "./random.ts";

/** How many characters a line has. */
export const LINE_LENGTH = 24;

/** The characters of which lines are made. */
export const lineAlphabet = " abcdefghijklmnopqrstuvwxyz.,!?";

const irregular = new Map([
  ["calf", "calves"],
  ["deer", "deer"],
  ["fish", "fish"],
  ["goose", "geese"],
  ["mouse", "mice"],
  ["ox", "oxen"],
  ["sheep", "sheep"],
  ["trout", "trout"],
  ["wolf", "wolves"],
]);

const animal =
  list(`ant ape bat bear bee bird bull calf cat colt cow crab crane crow deer dog dove duck eel elk ewe finch
    fish fly foal fox frog goat goose gull hare hawk hen horse ibex jay kid kite lamb lark lion lynx mare mole moth
    mouse mule newt otter owl ox panda pig pony pup quail ram raven robin seal sheep shrew slug snail snake sparrow
    stork swan tiger toad trout viper wasp whale wolf wren yak zebra`);

/** What each symbol of a template stands for. */
const words = {
  animal,
  animals: animal.map(plural),
  thing:
    list(`apple axe bag ball bell berry boat book boot bowl box bread brush cake candle cap card cart chair clock
    cloak coat coin cup desk door drum egg fan fig flag flute gate gem gift glove harp hat horn jar jug key kite knife
    lamp leaf lemon map mask mug nest nut onion oar pan pear pen pie pin pipe plum pot quilt ring rope rose sack seed
    shell ship shoe sled soap sock spoon star stick stone table tent toy tree urn vase violin wheel`),
  place:
    list(`barn bay bridge brook cave cliff field forest garden gate hedge hill house inn island lake lane market
    meadow mill moor mountain oak orchard park path pond port quay river road sea shed shore stable stream tower town
    valley wall well wood yard`),
  adjective:
    list(`big blue bold brave brown busy calm clever cold cosy dark dear eager elegant fair fast fat fine
    gentle glad golden grand gray green happy idle jolly keen kind large lazy light little lone loud lucky merry mild
    neat new odd old pale plain plump proud quick quiet rare red round sad shy silent silver slim slow small smart soft
    spotted strange sweet swift tall tame thin tiny vast warm white wild wise young`),
  number: list("two three four five six seven eight nine ten many few some"),
  season: list("spring summer autumn winter rain snow fog wind"),
  rest: list(`danced dozed dreamed drifted fell grew hid jumped knelt lay lived met paused played ran rested rolled sang
    sat slept stood swam waited walked wandered woke yawned`),
  act: list(`asked bit bought brought called carried chased cleaned drew fed followed found guarded heard held helped
    hid kept kissed knew led left liked lost loved made met missed moved needed noticed painted praised pulled pushed
    reached saw sought sold stole thanked took traced tried valued wanted warned washed watched welcomed won`),
  can: list(`ask bring call carry chase draw feed find follow guard hear help hide keep know lead like lose love meet
    miss need paint reach see sell take thank wash watch`),
  at: list("above at behind beside by near past"),
  the: list("the a one this that my your our her his"),
} satisfies Readonly<Record<string, readonly string[]>>;

/** Sentences, each as likely as the next. */
const templates = [
  "the adjective animal act the thing.",
  "the animal act the adjective thing.",
  "the animal act the animal.",
  "adjective animals rest at the place.",
  "animals rest at the adjective place.",
  "number adjective animals act the thing.",
  "number animals act the thing.",
  "animals and animals rest.",
  "at the place, animals rest.",
  "did the animal can the thing?",
  "who act the adjective thing?",
  "in season, adjective animals rest.",
  "adjective animal, adjective thing!",
  "oh, the adjective adjective thing!",
].map((template) =>
  template
    .split(/(\W)/)
    .filter((part) => part !== "")
    .map((part): readonly string[] => (part in words ? words[part as keyof typeof words] : [part])),
);

/**
 * `count` lines of 24 characters over `lineAlphabet`, the shorter ones with spaces at the end. Line `i` depends on
 * `seed` and `i` alone, so that a longer set begins with the shorter one.
 */
export function drawLines(count: number, seed: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(seed, `lines/${i}`);
    const template = templates[random.integer(templates.length)]!;
    let line = sentence(template, random);
    while (line.length > LINE_LENGTH) line = sentence(template, random); // an "a" that became "an"
    return line.padEnd(LINE_LENGTH);
  });
}

/** One word for each place, in random order, none longer than the shortest words of the rest leave room for. */
function sentence(template: readonly (readonly string[])[], random: Random): string {
  const shortest = template.map((choices) => Math.min(...choices.map((word) => word.length)));
  let room = LINE_LENGTH - shortest.reduce((sum, length) => sum + length, 0);
  const chosen: string[] = [];
  for (const place of random.permutation(template.length)) {
    const fitting = template[place]!.filter((word) => word.length <= shortest[place]! + room);
    const word = fitting[random.integer(fitting.length)]!;
    room -= word.length - shortest[place]!;
    chosen[place] = word;
  }
  return chosen.join("").replace(/\ba (?=[aeiou])/g, "an ");
}

function list(text: string): readonly string[] {
  return text.split(/\s+/);
}

function plural(noun: string): string {
  const stem = noun.replace(/([^aeiou])y$/, "$1ie").replace(/(x|ch|sh)$/, "$1e");
  return irregular.get(noun) ?? `${stem}s`;
}
