/** What tests compare with or run in, and may be missing. */
import { env } from "node:process";

/** What is missing, for tests to say and be skipped; throws where ISTHMUS_REQUIRE, a list of names, has this one. */
export function absent(name: string, missing: string): { readonly missing: string } {
  const required = (env.ISTHMUS_REQUIRE ?? "").split(/\s+/);
  if (required.includes(name)) throw new Error(`${missing} (ISTHMUS_REQUIRE has ${name})`);
  return { missing };
}
