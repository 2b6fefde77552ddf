/** Which web pages may ask for more than to read: a browser sends simple requests of any page, whoever may read the answer. */
import type { onRequestHookHandler } from "fastify";
import { ServiceError, shown } from "./error.ts";

/** Methods that change nothing, and have no model run for long. */
const safe = ["GET", "HEAD", "OPTIONS"];

/**
 * A hook that refuses requests of pages that are neither the server's own nor of one of some origins (`*` for all), as
 * browsers tell of them: by `Sec-Fetch-Site`, or else by `Origin`, which no page can forge. They get a 403.
 */
export function requireOrigin(origins: readonly string[]): onRequestHookHandler {
  return ({ method, headers }, _reply, done) => {
    const { origin, host, "sec-fetch-site": site } = headers;
    if (origin === undefined || safe.includes(method)) return done();
    if (origins.includes("*") || origins.includes(origin)) return done();
    if (site === undefined ? URL.canParse(origin) && new URL(origin).host === host : site === "same-origin")
      return done();
    const fact = `pages of ${shown(origin)} may not ask: the server's list of origins has others`;
    done(new ServiceError(403, fact));
  };
}
