/** JSON texts that someone else may have written or damaged. */
import { fail } from "../src/ir/error.ts";

/** What a JSON text says. Throws one line, naming `subject` (the file), where it is none. */
export function readJson(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message quotes the text, line feeds and all.
    return fail(subject, `is not JSON: ${(error as Error).message.replace(/\s+/g, " ")}`);
  }
}
