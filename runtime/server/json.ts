/** JSON that clients send. */
import { refuse, ServiceError } from "./error.ts";

/** Characters of what is wrong with a text at most. */
const LONGEST = 120;

/** Arrays and objects in a text at most: each takes as long to read as many numbers do, and nobody else is heard then. */
const MOST = 2 ** 19;

/** What a text says. Throws a 400 that names `what` where it is not JSON, a 413 where it would take too long to read. */
export function parseJson(text: string, what: string): unknown {
  const error = unreadable(text, what);
  if (error !== undefined) throw error;
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`${what} is not JSON: ${(error as Error).message.replace(/\s+/g, " ").slice(0, LONGEST)}`);
  }
}

/** A 413 that names `what` where a text has more arrays and objects than are read. */
export function unreadable(text: string, what: string): ServiceError | undefined {
  if (text.length <= MOST) return undefined;
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === ARRAY || char === OBJECT) parts++;
  }
  if (parts <= MOST) return undefined;
  return new ServiceError(413, `${what} has ${parts} arrays and objects, and at most ${MOST} are read`);
}

const ARRAY = "[".charCodeAt(0);
const OBJECT = "{".charCodeAt(0);
