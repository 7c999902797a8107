/** How partners find each other, and what a student said of themselves, as pure functions. */

import { isOf } from "./renames.js";

/** What is known of oneself: `place` is empty until it is said. */
export const UNKNOWN_SELF = { place: "", seat: "", sharesReasons: false };

/** The group of a snapshot or of a `partners` event; older servers tell nothing of it. */
export function companyOf(told) {
  return { group: told.group ?? null, groupPlace: told.group_place ?? null, offered: told.offered ?? null };
}

/** What a snapshot tells of oneself. */
export function selfOf(told) {
  return { place: told.place ?? "", seat: told.seat ?? "", sharesReasons: Boolean(told.shares_reasons) };
}

/** Whether the group of a session is to talk face to face: until the next transition, from its last one. */
export function faceToFace({ phase, message, groupPlace }) {
  if (phase !== "discuss") return false;
  if (message === "enableFaceChat") return groupPlace !== "elsewhere" && groupPlace !== "both";
  return message === "enableDiscussion" && groupPlace === "hall";
}

/** The handlers of the events about oneself. */
export const SELF = {
  placed: (state, { course, place, seat }) => withSelf(state, course, { place, seat }),
  sharing: (state, { course, shared }) => withSelf(state, course, { sharesReasons: shared }),
};

function withSelf(state, course, changes) {
  return isOf(state.course, course) ? { ...state, self: { ...state.self, ...changes } } : state;
}
