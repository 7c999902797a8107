/** Where a class stands, as a page knows it. */

import { DEFAULT_ASKS } from "./asks.js";
import { companyOf } from "./meeting.js";

const OPEN = { 1: "vote", 2: "revote" };
const RESULT = {
  correct: null,
  right: null,
  tolerance: null,
  histograms: null,
  voters: null,
  explanation: null,
  explanation_html: null,
  follow_up: null,
  follow_up_html: null,
  feedback: null,
};

/** The figures of a class that is at no question, or at a new one. */
export const NO_FIGURES = {
  votes: [0, 0],
  histograms: [{}, {}],
  groups: 0,
  silent_groups: 0,
  messages: 0,
  transitions: null,
  gain: null,
  correct: null,
  right: null,
  may_set_correct: false,
  bars: false,
  arguments: null,
  twin: null,
  twin_of: null,
};

export function emptySession() {
  return {
    known: false,
    stale: false,
    message: null,
    phase: "idle",
    epoch: -1,
    revision: -1,
    question: null,
    round: null,
    deadline: null,
    votes: [null, null],
    draft: null,
    convinced: null,
    partners: [],
    partnerRoom: null,
    ...companyOf({}),
    partnersEpoch: -1,
    partnersRevision: -1,
    asks: DEFAULT_ASKS,
    ...RESULT,
  };
}

/** What came with the result: in an event, a snapshot or a session. Before the reveal there is nothing. */
export function resultOf(told) {
  return Object.fromEntries(Object.entries(RESULT).map(([name, none]) => [name, told.phase === "revealed" ? (told[name] ?? none) : none]));
}

/** Whether an event begins another question, or the same one from the start. */
export function startsAnew(before, event) {
  if (event.phase === "idle") return true;
  if (event.question?.question !== before.question?.question) return true;
  return event.phase === "vote" && before.phase !== "vote" && before.phase !== "vote_closed";
}

/** The round that takes votes now, 1 or 2, or null. */
export function openRound(session) {
  return session.round && OPEN[session.round] === session.phase ? session.round : null;
}
