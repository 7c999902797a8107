/** What a class asks its students for besides the answer, as pure functions. */

import { shows } from "./text.js";

export const DEFAULT_ASKS = Object.freeze({ confidence: "optional", reason: "optional", convinced: true, place: false, seat: false, pseudonyms: false });

/** The session of a class that asks for other things from now on, unless later ones are known. */
export function withAsks(session, { asks, revision = session.asksRevision }) {
  if (revision < session.asksRevision) return session;
  return { ...session, asks, asksRevision: revision, revision: Math.max(session.revision, revision) };
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
