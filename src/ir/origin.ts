/** Where a node comes from: the part of the model it is built for, and the line of code that built it. */

interface Origin {
  readonly path: string;
  /** Set where a node stands in for another's line, such as a gradient for its forward node. */
  readonly place: string | undefined;
}

// The parts of a model nest like calls do, so a stack that `within` alone pushes and pops says where we are. It
// only ever decides names and error messages, never what is computed.
let current: Origin = { path: "", place: undefined };

/** Runs `build` so that the nodes it makes are named under `path` (and point at `place`). */
export function within<T>(path: string, build: () => T, place?: string): T {
  const outer = current;
  current = { path: [outer.path, path].filter((part) => part !== "").join("/"), place: place ?? outer.place };
  try {
    return build();
  } finally {
    current = outer;
  }
}

/** The origin of a node built now. */
export function origin(): Origin {
  return { path: current.path, place: current.place ?? callerPlace() };
}

/** Paths and addresses alike, as stacks and modules have them. */
const plain = (text: string) => text.replace(/file:\/\/(\/(?=[A-Za-z]:))?/g, "").replaceAll("\\", "/");

/** The folder of the language; in a bundle, the file that it is in with all else that is bundled. */
const { url = "" } = import.meta as { readonly url?: string };
const home = plain(url.replace(/ir\/origin\.[jt]s(\?.*)?$/, ""));
// A stack that is mapped back to the sources may have a path where a module has an address; some bundles have neither.
const homes = home === "" ? [] : [home, decoded(home)];

function decoded(address: string): string {
  try {
    return decodeURI(address);
  } catch {
    return address;
  }
}

/** The nearest line on the stack outside the language itself, as `graphs/models/vae.ts:31`. */
function callerPlace(): string | undefined {
  const lines = plain(new Error().stack ?? "")
    .split("\n")
    .slice(1);
  const line = lines.find((frame) => /:\d+:\d+\)?$/.test(frame) && !homes.some((at) => frame.includes(at)));
  const [, file, row] = /([^\s(]+):(\d+):\d+\)?$/.exec(line ?? "") ?? [];
  if (file === undefined) return undefined;
  const [, inside] = /\/((?:graphs|runtime|test)\/.*)$/.exec(file) ?? [];
  return `${inside ?? file}:${row}`;
}
