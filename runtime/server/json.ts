/** JSON that clients send. */
import { refuse } from "./error.ts";

/** Characters of what is wrong with a text at most. */
const LONGEST = 120;

/** What a text says. Throws a 400 that names `what` where it is not JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`${what} is not JSON: ${(error as Error).message.replace(/\s+/g, " ").slice(0, LONGEST)}`);
  }
}
