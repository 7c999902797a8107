/** What a class asks its students for besides the answer, as pure functions. */

import { shows } from "./text.js";

export const DEFAULT_ASKS = Object.freeze({ confidence: "optional", reason: "optional", convinced: true, place: false, seat: false, pseudonyms: false });

/** The session of a class that asks for other things from now on. Of a late event the page asks the server instead. */
export function withAsks(session, { asks, revision = session.revision }) {
  return revision < session.revision ? { ...session, stale: true } : { ...session, asks, revision };
}

/** The fields of a vote without what the class does not ask for. */
export function asAsked({ confidence, reason }, fields) {
  return { ...fields, confidence: confidence === "off" ? null : fields.confidence, rationale: reason === "off" ? "" : fields.rationale };
}

/** What a vote lacks that the class requires: `confidence`, `reason`, both or nothing. */
export function missing({ confidence, reason }, fields) {
  const found = [];
  if (confidence === "required" && fields.confidence === null) found.push("confidence");
  if (reason === "required" && !shows(fields.rationale)) found.push("reason");
  return found;
}
